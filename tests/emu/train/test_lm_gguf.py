#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: the GGUF files that accel-train lm writes are what others read: the PyPI package gguf finds the
checkpoint's parameters and vocabulary in them, llama.cpp makes the same tokens of a text, and its
llama-perplexity scores it as accel-run does, to 0.5 %."""

import os
import re
import subprocess
import sys
import tempfile

sys.path[:0] = ["tests/emu/tools"]
from checks import main, run  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-lm-gguf-")
TEXT = os.path.realpath("tests/data/opticks.txt")
TYPES = "f32", "f16", "bf16"
CONTEXT, CHUNKS = 64, 40


def at(name):
    return os.path.join(FOLDER.name, name)


def output(command):
    """What a program says, or None where it cannot run."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None


def train():
    """One training, written in each type."""
    arguments = ["accel-train", "lm", "--data", TEXT, "--checkpoint", at("checkpoint")]
    shape = ["--vocab", "700", "--embed", "64", "--layers", "2", "--heads", "4", "--kv-heads", "2", "--ff", "160",
             "--context", str(CONTEXT), "--batch", "4", "--lr", "0.004", "--steps", "120"]
    for number, kind in enumerate(TYPES):
        more = ["--resume", at("checkpoint")] if number else shape
        done = run(*arguments, *more, "--type", kind, "--out", at("model." + kind))
        assert done.returncode == 0, done.stderr


def the_package_gguf_reads_them():
    python = output(["mk/venv.sh"])
    if not python:
        print("not compared: no Python environment with the package gguf")
        return
    done = output([python.splitlines()[-1], "tests/emu/train/gguf_check.py", at("checkpoint"),
                   *(at("model." + kind) for kind in TYPES)])
    assert done is not None, "the package gguf finds something else"


def has_peer():
    if output(["mk/peer.sh", "--version"]):
        return True
    print("not compared: no llama.cpp (mk/peer.sh)")
    return False


def llama_cpp_makes_the_same_tokens():
    if not has_peer():
        return
    said = output(["mk/peer.sh", "llama-tokenize", "-m", at("model.f32"), "-f", TEXT, "--ids", "--log-disable"])
    theirs = re.findall(r"\d+", said[said.rindex("["):])
    done = run("tests/unit/encode_file", at("model.f32"), TEXT)
    assert done.returncode == 0, done.stderr
    ours = re.findall(r"\d+", done.stdout)
    assert len(theirs) > 20000 and theirs[0] == "0", (len(theirs), theirs[:3])
    assert ours == theirs, f"expected {len(theirs)} tokens {theirs[:9]}..., found {len(ours)} {ours[:9]}"


def perplexities(text):
    """By the number of chunks that have been scored."""
    return {int(chunks): float(value) for chunks, value in re.findall(r"\[(\d+)\]([\d.]+),?", text)}


def llama_cpp_scores_them_alike():
    """Chunk by chunk: what llama-perplexity says last is at times lost when it ends."""
    if not has_peer():
        return
    for kind in TYPES:
        theirs = perplexities(output(["mk/peer.sh", "llama-perplexity", "-m", at("model." + kind), "-f", TEXT,
                                      "-c", str(CONTEXT), "-b", str(CONTEXT), "--chunks", str(CHUNKS), "-t", "2"]))
        done = run("accel-run", "-m", at("model." + kind), "--perplexity", "-f", TEXT, "-c", str(CONTEXT),
                   "--chunks", str(CHUNKS))
        assert done.returncode == 0, done.stderr
        ours = perplexities(done.stdout)
        last = max(theirs)
        assert last >= CHUNKS - 2 and len(ours) == CHUNKS, (len(theirs), len(ours))
        print(f"{kind}: PPL of {last} chunks {ours[last]:.4f}, llama.cpp {theirs[last]:.4f}")
        assert theirs[last] < 300, f"expected a model that has learnt something, found {theirs[last]}"
        for chunks, expected in theirs.items():
            assert abs(ours[chunks] / expected - 1) <= 0.005, (
                f"{kind}: {chunks} chunks: expected {expected} to 0.5 %, found {ours[chunks]}")


def it_generates():
    done = run("accel-run", "-m", at("model.f32"), "-p", "The Rays of Light", "-n", "20", "--ignore-eos")
    assert done.returncode == 0 and len(done.stdout) > 20, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main([train, the_package_gguf_reads_them, llama_cpp_makes_the_same_tokens,
                   llama_cpp_scores_them_alike, it_generates]))
