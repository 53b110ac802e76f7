#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: tests/peer/resident.py MODEL [VRAM]

How much memory QEMU holds while the guest decodes a model, and how much it may: the guest's RAM that is
in use, page cache included, the device memory that is in use, and 128 MiB. Prints JSON, all in MiB. The
VM ends as soon as it has been looked at. VRAM is the device's memory (2G).
"""

import json
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
from command import ROOT, Failed, stop  # noqa: E402

ALLOWANCE = 128
LIMIT = 280  # seconds
RAM = 2048  # MiB: tools/vm's own choice
MARK = "--- decoding ---"
# Once some text has come; then the model decodes on until it is stopped.
GUEST = f"""
build/accel-run -m "$0" -p 'The planets of the solar system are' -n -1 --ignore-eos >/tmp/text &
run=$!
while kill -0 $run 2>/dev/null && [ "$(wc -c </tmp/text)" -lt 400 ]; do sleep 0.1; done
kill -0 $run || exit 1
build/accel-smi metric --json
cat /proc/meminfo
echo '{MARK}'
sleep 60
"""


def child(parent):
    """The launcher's QEMU."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if rest.split()[1] == str(parent) and name.startswith("qemu"):
            return pid
    raise Failed("tools/vm: expected a QEMU among its children, found none")


def kib(path, name):
    with open(path, encoding="ascii") as file:
        return int(re.search(rf"^{name}: *(\d+) kB", file.read(), re.M)[1])


def said_until_mark(vm):
    lines = []
    for line in vm.stdout:
        if line.strip() == MARK:
            return "".join(lines)
        lines.append(line)
    raise Failed("accel-run: ended before it had decoded")


def figures(said, resident):
    """What the guest said, and KiB of QEMU, as MiB of each."""
    metric, memory = said[:said.rindex("}") + 1], said[said.rindex("}") + 1:]
    device = json.loads(metric)["devices"][0]["memory_used_bytes"] >> 20
    free = int(re.search(r"^MemFree: *(\d+) kB", memory, re.M)[1]) // 1024
    made = {"resident": resident // 1024, "guest_used": RAM - free, "device_used": device}
    made["overhead"] = made["resident"] - made["guest_used"] - made["device_used"]
    made["allowed"] = made["guest_used"] + made["device_used"] + ALLOWANCE
    return made


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[0])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the VM
    model = os.path.realpath(sys.argv[1])
    command = ["tools/vm", "--vram", sys.argv[2] if len(sys.argv) == 3 else "2G", "--mem", f"{RAM}M", "--disk", model,
               "--timeout", str(LIMIT), "--", "sh", "-c", GUEST, model]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as vm:
        try:
            said = said_until_mark(vm)
            made = figures(said, kib(f"/proc/{child(vm.pid)}/smaps_rollup", "Rss"))
        except Failed as failure:
            sys.exit(f"resident.py: {failure}")
        finally:
            stop(vm)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
