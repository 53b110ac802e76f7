#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: the vocabulary that is learnt from a text is, token by token and merge by merge, the one
that the PyPI package tokenizers learns with the same settings."""

import os
import random
import subprocess
import sys
import tempfile

sys.path[:0] = ["tests/emu/tools"]
from checks import main, run  # noqa: E402

REFERENCE = "tests/emu/train/vocabulary_reference.py"
PYTHON = subprocess.run(["mk/venv.sh"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
if not PYTHON:
    print("skipped: no Python environment with the package tokenizers")
    sys.exit(77)


def same(path, size):
    done = run("tests/emu/train/bpe_dump", path, str(size))
    assert done.returncode == 0, done.stderr
    expected = subprocess.run([PYTHON, REFERENCE, path, str(size)], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
    ours, theirs = done.stdout.splitlines(), expected.splitlines()
    for line, (found, wanted) in enumerate(zip(ours, theirs), 1):
        assert found == wanted, f"{path}, {size}: line {line}: expected {wanted!r}, found {found!r}"
    assert len(ours) == len(theirs), f"expected {len(theirs)} lines, found {len(ours)}"
    return theirs.index("")


def prose():
    for size in 257, 300, 2048, 20000:
        tokens = same("tests/data/opticks.txt", size)
        assert tokens == size or size == 20000, f"expected {size} tokens, found {tokens}"


def many_scripts_and_odd_runs():
    """Ties, repeated letters, spaces, digits and characters of several bytes."""
    noise = random.Random(5)
    pieces = ["aaaa", "aaab", "baaa", "abab", "  ", "\n\n", "\t", "it's", "we'll", "1234", "12", "?!", "\u00e9",
              "\u0416\u0438\u0432\u0438", "\u4f60\u597d", "\U0001f600", "caf\u00e9", "\u00a0", "<|endoftext|>"]
    text = "".join(noise.choice(pieces) + noise.choice(["", " "]) for _ in range(6000))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        for size in 280, 400, 1000:
            same(file.name, size)


if __name__ == "__main__":
    assert os.path.exists(REFERENCE)
    sys.exit(main([prose, many_scripts_and_odd_runs]))
