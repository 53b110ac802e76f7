#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-train lm's losses on a real text are PyTorch's: the same initial parameters, the order of
the data made here anew from the seed, PyTorch's own layers, gradients, clipping and AdamW. 1e-3 for steps 1
to 20, 1 % to step 300."""

import json
import math
import os
import re
import struct
import sys
import tempfile

sys.path[:0] = ["tests/emu/tools", "tests/emu/train"]
from checks import main, run  # noqa: E402
from seeded import MASK, below, stream  # noqa: E402

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install python3-torch")
    sys.exit(77)
import torch_llama  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-lm-text-")
TEXT = "tests/data/opticks.txt"
SEED, STEPS, RATE, WARMUP = 3, 300, 3e-3, 30
SHAPE = {"vocab": 500, "embed": 48, "layers": 2, "heads": 4, "kv_heads": 2, "ff": 128, "context": 40, "batch": 4}


def at(name):
    return os.path.join(FOLDER.name, name)


def train(*arguments):
    shape = [word for name, value in SHAPE.items() for word in ("--" + name.replace("_", "-"), str(value))]
    done = run("accel-train", "lm", "--data", TEXT, *shape, "--seed", str(SEED), "--report", "1", *arguments)
    assert done.returncode == 0, done.stderr
    return [float(loss) for loss in re.findall(r"^step \d+/\d+  loss ([\d.]+)", done.stdout, re.M)]


def initial_parameters():
    """A step at a rate of nothing leaves them as they were."""
    train("--steps", "1", "--lr", "0", "--checkpoint", at("start"), "--out", at("start.gguf"))
    with open(at("start"), "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header, data = json.loads(data[8:8 + length]), data[8 + length:]
    parameters = {}
    for name, entry in header.items():
        if name.endswith(".weight") and not name.startswith("adamw."):
            values = numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            parameters[name.removesuffix(".weight")] = torch.from_numpy(values.copy())
    assert {name: tuple(p.shape) for name, p in parameters.items()} == dict(
        torch_llama.shapes(SHAPE | {"tied": False}))
    return parameters


def training_tokens():
    """Of the text but for its last tenth, which starts with a line."""
    with open(TEXT, "rb") as file:
        text = file.read()
    cut = text.index(b"\n", len(text) - len(text) // 10) + 1
    with open(at("part"), "wb") as file:
        file.write(text[:cut])
    done = run("tests/unit/encode_file", at("start.gguf"), at("part"), "--plain")
    assert done.returncode == 0, done.stderr
    return [int(token) for token in re.findall(r"\d+", done.stdout)]


def batches(tokens):
    context = SHAPE["context"]
    for step in range(STEPS):
        state, rows = stream(SEED, step ^ MASK), []
        for _ in range(SHAPE["batch"]):
            place, state = below(state, len(tokens) - context + 1)
            rows.append([0] + tokens[place:place + context])
        yield torch.tensor(rows)


def rate(step):
    """Up to RATE in a line, then half a cosine to a tenth of it."""
    if step <= WARMUP:
        return RATE * step / WARMUP
    turn = math.pi * (step - WARMUP) / (STEPS - WARMUP)
    return RATE / 10 + (RATE - RATE / 10) * (1 + math.cos(turn)) / 2


def losses_are_those_of_pytorch():
    parameters = initial_parameters()
    tokens = training_tokens()
    found = train("--steps", str(STEPS), "--lr", str(RATE), "--warmup", str(WARMUP), "--checkpoint", at("end"))
    shape = SHAPE | {"tied": False, "base": 10000.0, "eps": 1e-5, "decay_embedding": False}
    theirs = torch_llama.train(shape, parameters, batches(tokens),
                               [rate(step) for step in range(1, STEPS + 1)], 0.1, 1.0)
    worst = 0.0
    for step, (ours, (expected, _)) in enumerate(zip(found, theirs, strict=True), 1):
        off = abs(ours - expected) / expected
        worst = max(worst, off)
        allowed = 1e-3 if step <= 20 else 1e-2
        assert off <= allowed, f"step {step}: expected {expected:.5f} within {allowed:g}, found {ours}"
    assert found[-1] < found[0] - 1.5, f"expected to learn, found losses from {found[0]} to {found[-1]}"
    print(f"{STEPS} steps, loss {found[0]:.4f} to {found[-1]:.4f}: off by at most {worst:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main([losses_are_those_of_pytorch]))
