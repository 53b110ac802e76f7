#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: a language model's losses and gradient norms are PyTorch's fp32, from the same parameters
and tokens: to 1e-5 for steps 1 to 20, to 1e-4 up to step 300. Both are some hundred times what rounding
was seen to do, and less than what weight decay of a norm does."""

import math
import os
import subprocess
import sys
import tempfile

sys.path[:0] = ["tests/emu/tools", "tests/emu/train"]
from checks import BUILD, main  # noqa: E402

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install python3-torch")
    sys.exit(77)
import torch_llama  # noqa: E402

HERE = os.environ | {"LD_LIBRARY_PATH": os.path.join(BUILD, "emu")}
FIELDS = ("vocab", "embed", "layers", "heads", "kv_heads", "ff", "context", "tied", "batch", "seed")


def make_tokens(c, steps):
    """A language to learn: mostly a fixed successor of each token, else any token, some more often."""
    random = numpy.random.default_rng(3)
    successor = random.permutation(c["vocab"])
    shape = (steps * c["batch"], c["context"] + 1)
    tokens = (random.random(shape) ** 2 * c["vocab"]).astype(numpy.uint32)
    keep = random.random(shape) < 0.7
    for i in range(1, shape[1]):
        tokens[:, i] = numpy.where(keep[:, i], successor[tokens[:, i - 1]], tokens[:, i])
    return tokens.reshape(steps, c["batch"], -1)


def ours(c, tokens, folder):
    tokens.tofile(os.path.join(folder, "tokens"))
    done = subprocess.run([os.path.join(BUILD, "tests/emu/train/lm_losses"), folder, str(len(tokens)),
                           *(str(c[name]) for name in FIELDS)], env=HERE, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stderr.strip())
    return numpy.array([line.split() for line in done.stdout.splitlines()], float)


def parameters(c, folder):
    data = torch.from_numpy(numpy.fromfile(os.path.join(folder, "parameters"), numpy.float32))
    sizes = [numpy.prod(shape) for _, shape in torch_llama.shapes(c)]
    assert sum(sizes) == len(data), f"expected {sum(sizes)} parameters, found {len(data)}"
    return {name: part.reshape(shape).clone()
            for (name, shape), part in zip(torch_llama.shapes(c), data.split(sizes))}


def rate(step):
    """1e-3 after a warm-up of 10 steps, then half a cosine to 1e-4 at step 300."""
    if step <= 10:
        return 1e-3 * step / 10
    return 1e-4 + 9e-4 * (1 + math.cos(math.pi * (step - 10) / 290)) / 2


def compare(steps, **c):
    c = c | {"base": 10000.0, "eps": 1e-5, "decay_embedding": False, "seed": 5}
    tokens = make_tokens(c, steps)
    with tempfile.TemporaryDirectory(prefix="axon-lm-") as folder:
        found = ours(c, tokens, folder)
        p = parameters(c, folder)
    batches = torch.from_numpy(tokens.astype(numpy.int64))
    rates = [rate(step) for step in range(1, steps + 1)]
    assert numpy.allclose(found[:, 2], rates, rtol=1e-8), f"expected rates {rates}, found {found[:, 2]}"
    theirs = torch_llama.train(c, p, batches, rates, 0.1, 1.0)
    worst = 0.0
    for step, (expected, (loss, norm, _)) in enumerate(zip(theirs, found, strict=True), 1):
        off = max(abs(loss - expected[0]) / expected[0], abs(norm - expected[1]) / expected[1] / 10)
        worst = max(worst, off)
        allowed = 1e-5 if step <= 20 else 1e-4
        assert off <= allowed, f"step {step}: expected {expected} within {allowed:g}, found {loss} {norm}"
    print(f"{steps} steps, {found[0, 0]:.4f} to {found[-1, 0]:.4f}: off by at most {worst:.1e}")


def small_to_300():
    compare(300, vocab=61, embed=32, layers=2, heads=4, kv_heads=2, ff=72, context=40, tied=1, batch=4)


def untied_odd_sizes():
    compare(20, vocab=131, embed=60, layers=3, heads=6, kv_heads=3, ff=101, context=33, tied=0, batch=3)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main([small_to_300, untied_odd_sizes]))
