#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: the card is pulled out of the running machine while queues of both kinds work, and a new one is
plugged in. Whoever used it is told, memory can still be touched, and the new one works. AXON_ROUNDS of them."""

import os
import sys

sys.path[:0] = ["tests/emu/tools", "tests/guest"]
from checks import main  # noqa: E402
from qmp import Machine  # noqa: E402

ROUNDS = int(os.environ.get("AXON_ROUNDS", "2"))
KERNEL = os.environ.get("AXON_KERNEL", "stock")
CLIENT = "build/tests/guest/hotplug/client"


def surprise_removal_and_replug():
    vm = Machine("--kernel", KERNEL, "--timeout", str(300 * ROUNDS + 600), "--", "tests/guest/hotplug/rounds.sh",
                 str(ROUNDS), CLIENT, CLIENT)
    for n in range(1, ROUNDS + 1):
        vm.expect(f"pull {n}")
        vm.command("qom-set", path="/machine/peripheral/axon0", property="removed", value=True)
        vm.expect(f"gone {n}")
        vm.command("device_del", id="axon0")
        vm.wait_event("DEVICE_DELETED")
        vm.plug(driver="axon", id="axon0", bus="port0", vram=1 << 30, cores=4)
        vm.tell("back")
    vm.expect("done")
    vm.end()


if __name__ == "__main__":
    sys.exit(main([surprise_removal_and_replug]))
