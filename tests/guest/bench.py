#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: the benchmarks run through the driver, and what they compute there is right; modelled
cycles are the same as with the chip in-process."""

import json
import sys

sys.path.insert(0, "tests/emu/tools")
from checks import main, run  # noqa: E402


def cycles(*arguments, emulator):
    """The modelled cycles of each row."""
    done = run("accel-bench", *arguments, "-r", "1", "--json", emulator=emulator)
    assert done.returncode == 0, done.stderr
    return [row["modelled_cycles"] for row in json.loads(done.stdout)]


def compare(*arguments):
    """Driver against emulator."""
    found, expected = (cycles(*arguments, emulator=emulator) for emulator in (False, True))
    assert found == expected, f"{arguments}: expected {expected}, found {found}"


def launch():
    compare("launch", "-l", "100", "-s", "5")


def copy():
    compare("copy", "-s", "1")


def matmul():
    compare("matmul", "-s", "1x64x256,33x65x256",
            "-t", "f32,bf16,int8,q8_0,q4_1,q4_k,q6_k")


if __name__ == "__main__":
    sys.exit(main([launch, copy, matmul]))
