#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: whatever is broken from outside, driver, library and accel-smi tell as documented.

Runs on the host and boots a VM, in which it runs itself. Its data is the table "Fault injection" of
docs/hardware.md: for each row the guest asks the host to inject what it names, lets two processes
run something on their queues, and compares what each then shows. The second process has nothing to
do with it: its queue may end only with the whole chip.
"""

import glob
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
VICTIM = os.path.join(ROOT, "build", "tests", "guest", "inject", "victim")
SMI = os.path.join(ROOT, "build", "accel-smi")
REQUEST = "@inject "
PATIENCE = 60  # seconds until something that must come has
WALL_MS = 1000  # of queues: so long, four times over, a hang takes to be noticed


# ---- the table ----

class Row:
    """One row: what is injected, and what shows."""

    def __init__(self, cells):
        def quoted(cell):
            return re.findall(r"`([^`]+)`", cell)

        self.inject, self.log, self.events, self.library, self.smi = (
            quoted(cells[0]), quoted(cells[2]), quoted(cells[3]), quoted(cells[4])[0],
            quoted(cells[5]))
        self.name = " ".join(self.inject)

    def has_event(self, kind):
        return any(event.split()[0] == kind for event in self.events)

    def innocent(self):
        """How what a queue with no part in it runs ends."""
        if self.has_event("device_lost"):
            return "ENODEV NONE"
        return "EIO NONE" if self.has_event("device_reset") else "0 NONE"


def table():
    with open(os.path.join(ROOT, "docs", "hardware.md"), encoding="utf-8") as file:
        section = file.read().split("## 14. Fault injection")[1]
    rows = [re.split(r"\s*(?<!\\)\|\s*", line.strip())[1:-1] for line in section.splitlines()
            if line.startswith("| `")]
    return [Row(cells) for cells in rows]


def fault_causes():
    """Numbers by name."""
    with open(os.path.join(ROOT, "uapi", "axon_hw.h"), encoding="utf-8") as file:
        section = file.read().split("#define AXON_FAULT_LIST(X)")[1]
    return dict(re.findall(r'X\((\w+), (\d+), "', section))


# ---- in the guest ----

class Victim:
    """A process with a queue."""

    def __init__(self):
        self.process = subprocess.Popen([VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.expect("ready")

    def expect(self, what):
        found = self.process.stdout.readline().strip()
        assert found.startswith(what), f"expected '{what}', found '{found}'"

    def run(self):
        self.process.stdin.write("\n")

    def result(self):
        return self.process.stdout.readline().strip().split(":")[0]

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0


class Victims:
    """The one that errors befall, and a bystander; each lives until its queue does not."""

    def __init__(self):
        self.victims = {}

    def get(self, role):
        if role not in self.victims:
            self.victims[role] = Victim()
        return self.victims[role]

    def result(self, role):
        result = self.get(role).result()
        if not result.startswith("0 "):
            self.victims.pop(role).end()
        return result


class Uevents:
    """What the kernel announces of the device."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15)
        self.socket.bind((0, 1))
        self.socket.setblocking(False)

    def wedged(self):
        """The values of WEDGED since the last call."""
        found = []
        while True:
            try:
                message = self.socket.recv(8192).decode(errors="replace")
            except BlockingIOError:
                return found
            if "SUBSYSTEM=accel" in message:
                found += re.findall(r"\0WEDGED=([^\0]*)", message)


def inject(what):
    print(REQUEST + what, flush=True)
    assert sys.stdin.readline() == "done\n"


def smi(verb):
    done = subprocess.run([SMI, verb, "--json"], stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)["devices"][0]


def kernel_log():
    return subprocess.run(["dmesg", "-c"], stdout=subprocess.PIPE, text=True, check=True).stdout


def describe(event):
    detail = event["cause"] if event["kind"] == "fault" else event["errno"]
    lost = " memory" if event["memory_lost"] else ""
    return f"{event['kind']}{' ' + detail if detail else ''}{lost}"


def new_events(before, count):
    """Those after number `before`, when there are `count` at least."""
    end = time.monotonic() + PATIENCE
    while True:
        found = [e for e in smi("event")["events"] if e["number"] > before]
        if len(found) >= count or time.monotonic() > end:
            return [describe(event) for event in found]
        time.sleep(0.2)


def newest_event():
    events = smi("event")["events"]
    return events[-1]["number"] if events else 0


def pci_device():
    folder = "/sys/bus/pci/drivers/axon"
    return os.path.join(folder, next(name for name in os.listdir(folder) if ":" in name))


def cure(row):
    """What a lost chip is brought back by."""
    for what in row.inject:
        if re.match("failed-reset|link-down", what):
            inject(what.split("=")[0] + "=0")
    with open(os.path.join(pci_device(), "reset"), "w", encoding="ascii") as file:
        file.write("1")


def compare(name, what, expected, found):
    assert expected == found, f"{name}: {what}: expected {expected}, found {found}"


def clear_dumps():
    for path in glob.glob("/sys/class/devcoredump/devcd*/data"):
        with open(path, "w", encoding="ascii") as file:
            file.write("1")


def check_dump(row):
    """A queue that was ended has left its state, with the fault that it died of."""
    end = time.monotonic() + PATIENCE
    while not (found := glob.glob("/sys/class/devcoredump/devcd*/data")):
        assert time.monotonic() < end, f"{row.name}: expected a dump, found none"
        time.sleep(0.1)
    with open(found[0], encoding="ascii") as file:
        text = file.read()
    assert text.startswith("axon-coredump 1\n") and len(text) <= 65536, text[:80]
    values = dict(line.split(" ", 1) for line in text.splitlines())
    compare(row.name, "dump", "a queue was ended", values["reason"])
    compare(row.name, "dump", fault_causes()[row.library.split()[1]], values["fault.cause"])
    missing = {"queue.doorbell", "hart.pc", "hart.x31", "GLOBAL.ID",
               "SLOT1.STATUS"} - set(values)
    assert not missing, f"{row.name}: dump: expected {missing}"


def check_health(row):
    results = {check["name"]: check["result"] for check in smi("health")["checks"]}
    for expected in row.smi:
        check, result = expected.split()
        compare(row.name, f"accel-smi health, {check}", result, results[check])


def check_row(row, victims, uevents):
    guilty, other = victims.get("guilty"), victims.get("other")
    kernel_log()
    clear_dumps()
    uevents.wedged()
    before = newest_event()
    for what in row.inject:
        inject(what)
    if row.has_event("device_reset") and row.inject[0].startswith("aer-"):
        new_events(before, len(row.events))
    guilty.run()
    result = victims.result("guilty")
    other.run()
    bystander = victims.result("other")
    compare(row.name, "the library", row.library, result)
    compare(row.name, "the library of another process", row.innocent(), bystander)
    compare(row.name, "events", row.events, new_events(before, len(row.events)))
    check_health(row)
    if row.has_event("queue_reset"):
        check_dump(row)
    log = kernel_log()
    for text in row.log:
        assert text in log, f"{row.name}: the kernel's log: expected '{text}', found:\n{log}"
    lost = row.has_event("device_lost")
    wedged = ["rebind,bus-reset"] if lost else ["none"] if row.has_event("device_reset") else []
    compare(row.name, "uevents", wedged, uevents.wedged())


def check_afterwards(row, victims):
    if row.has_event("device_lost"):
        cure(row)
    victims.get("guilty").run()
    compare(row.name, "afterwards", "0 NONE", victims.result("guilty"))


def guest(wanted):
    victims, uevents = Victims(), Uevents()
    with open("/sys/module/axon/parameters/wall_ms", "w", encoding="ascii") as file:
        file.write(str(WALL_MS))
    failed = passed = 0
    for row in table():
        if wanted and row.name not in wanted:
            continue
        start = time.monotonic()
        try:
            try:
                check_row(row, victims, uevents)
            finally:
                check_afterwards(row, victims)
            passed += 1
            print(f"{row.name}: {time.monotonic() - start:.1f} s", flush=True)
        except AssertionError as error:
            failed += 1
            print(error, kernel_log(), flush=True)
    print(f"[  PASSED  ] {passed} test(s).\n[  FAILED  ] {failed} test(s).", flush=True)
    return failed or not passed


# ---- on the host ----

class Monitor:
    """QEMU's, by its socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + PATIENCE
        while self.socket.connect_ex(path) and time.monotonic() < end:
            time.sleep(0.1)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            reply = json.loads(self.file.readline())
            if "return" in reply:
                return
            assert "error" not in reply, reply


def host(wanted):
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "qmp")
        vm = subprocess.Popen(["tools/vm", "--vram", "64M", "--timeout", "600", "--qmp", path, "--",
                               os.path.realpath(__file__), "--guest", *wanted], cwd=ROOT,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        monitor = None
        for line in vm.stdout:
            if not line.startswith(REQUEST):
                print(line, end="", flush=True)
                continue
            monitor = monitor or Monitor(path)
            monitor.call("qom-set", path="/machine/peripheral/axon0", property="inject",
                         value=line[len(REQUEST):].strip())
            vm.stdin.write("done\n")
        return vm.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--guest"]:
        sys.exit(guest(sys.argv[2:]))
    sys.exit(host(sys.argv[1:]))
