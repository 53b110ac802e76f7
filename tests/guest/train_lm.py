#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: a language model trained through the driver has the bits of one trained on the chip in-process:
losses, checkpoint and GGUF file."""

import os
import sys
import tempfile

sys.path.insert(0, "tests/emu/tools")
from checks import main, run  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="axon-train-lm-")


def text():
    """The start of a text, so that its validation part is short."""
    path = os.path.join(FOLDER.name, "text")
    with open("tests/data/opticks.txt", encoding="utf-8") as file, open(path, "w", encoding="utf-8") as to:
        to.write(file.read(6000))
    return path


def trained(name, emulator):
    """The losses as printed, the checkpoint and the model."""
    paths = [os.path.join(FOLDER.name, name + end) for end in (".safetensors", ".gguf")]
    done = run("accel-train", "lm", "--data", text(), "--vocab", "300", "--embed", "32",
               "--layers", "2", "--heads", "4", "--kv-heads", "2", "--ff", "64", "--context", "24", "--batch", "2",
               "--steps", "3", "--report", "1", "--checkpoint", paths[0], "--out", paths[1], emulator=emulator)
    assert done.returncode == 0, done.stderr
    said = [line.rsplit("  ", 1)[0] for line in done.stdout.splitlines()]
    return said, *(open(path, "rb").read() for path in paths)


def the_driver_changes_no_bit():
    driver, here = trained("driver", False), trained("here", True)
    assert driver[0] == here[0], f"expected {here[0]}, found {driver[0]}"
    assert len(here[0]) == 5 and "loss" in here[0][1] and "perplexity" in here[0][-1], here[0]
    assert driver[1:] == here[1:], "expected the same files, found others"


if __name__ == "__main__":
    sys.exit(main([the_driver_changes_no_bit]))
