#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: the machine sleeps (S3, in which the card loses its power) in the middle of the queues' work and
is woken. All results are right, and device memory holds what it held. AXON_ROUNDS times."""

import os
import sys

sys.path[:0] = ["tests/emu/tools", "tests/guest"]
from checks import main  # noqa: E402
from qmp import Machine  # noqa: E402

ROUNDS = int(os.environ.get("AXON_ROUNDS", "1"))
KERNEL = os.environ.get("AXON_KERNEL", "stock")


def sleep_and_wake():
    vm = Machine("--kernel", KERNEL, "--timeout", str(300 * ROUNDS + 600), "--", "build/tests/guest/sleep/client",
                 str(ROUNDS), "mem")
    for n in range(1, ROUNDS + 1):
        vm.expect(f"sleep {n}")
        vm.wait_event("SUSPEND")
        vm.command("system_wakeup")
        vm.expect(f"awake {n}")
    vm.stop()


if __name__ == "__main__":
    sys.exit(main([sleep_and_wake]))
