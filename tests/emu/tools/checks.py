# SPDX-License-Identifier: MIT
"""Runs programs and counts what was as expected, in cmocka's words (see tests/run)."""

import os
import subprocess
import sys

# The build that this test belongs to: it is B/tests/emu/tools/test_X, or in the VM tests/guest/X.py.
BUILD = os.path.realpath(os.path.join(os.path.dirname(sys.argv[0]), "..", "..", ".."))
if not os.path.exists(os.path.join(BUILD, "accel-smi")):
    BUILD = os.path.realpath("build")


def run(program, *arguments, emulator=True, **environment):
    """One program of the build, found with its chip in-process or with the driver's library."""
    env = dict(os.environ, NO_COLOR="1", **environment)
    env["LD_LIBRARY_PATH"] = os.path.join(BUILD, "emu") if emulator else BUILD
    return subprocess.run([os.path.join(BUILD, program), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", env=env,
                          timeout=100, check=False)


def expect_refusal(done, status, *words):
    """One line on standard error with these words, nothing on standard output, this status."""
    said = done.stderr.strip()
    assert done.returncode == status, f"expected status {status}, found {done.returncode}: {said}"
    assert not done.stdout, f"expected no output, found {done.stdout!r}"
    for word in words:
        assert word in said, f"expected {word!r} in {said!r}"


def main(tests):
    """Runs the functions; the exit status."""
    failed = 0
    for test in tests:
        try:
            test()
        except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
            failed += 1
            print(f"{test.__name__}: {type(error).__name__}: {error}")
    print(f"[  PASSED  ] {len(tests) - failed} test(s).")
    if failed:
        print(f"[  FAILED  ] {failed} test(s).")
    return 1 if failed else 0
