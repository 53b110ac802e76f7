# SPDX-License-Identifier: MIT
"""A machine of tools/vm with a monitor: what its command prints, what it is told, what happens to it."""

import json
import os
import select
import socket
import subprocess
import tempfile
import time

PATIENCE_S = 600


class Machine:
    """tools/vm with OPTIONS and COMMAND, and QEMU's monitor."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory(prefix="axon-qmp-")
        path = os.path.join(self.folder.name, "qmp")
        self.vm = subprocess.Popen(["tools/vm", "--qmp", path, *arguments], text=True, bufsize=1,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.events = []
        self.said = []
        self.qmp = self._connect(path)
        self.command("qmp_capabilities")

    def _connect(self, path):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.vm.poll() is None:
            monitor = socket.socket(socket.AF_UNIX)
            try:
                monitor.connect(path)
                return monitor.makefile("rw", encoding="utf-8")
            except OSError:
                monitor.close()
                time.sleep(0.1)
        raise AssertionError(f"expected QEMU's monitor, found: {self.vm.stdout.read()}")

    def command(self, name, **arguments):
        """What the monitor answers."""
        request = {"execute": name, "arguments": arguments}
        self.qmp.write(json.dumps(request) + "\n")
        self.qmp.flush()
        for line in self.qmp:
            answer = json.loads(line)
            if "event" in answer:
                self.events.append(answer)
            assert "error" not in answer, f"{name}: {answer}"
            if "return" in answer:
                return answer["return"]
        raise AssertionError(f"the monitor went away during {name}")

    def plug(self, **device):
        """Add a device; QEMU gives the memory of its predecessor back a little after that is gone."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.command("device_add", **device)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def wait_event(self, name):
        """Until QEMU has said so since the last such wait."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            event = json.loads(self.qmp.readline())
            if "event" in event:
                self.events.append(event)

    def expect(self, line):
        """The command's next line is this one."""
        ready, _, _ = select.select([self.vm.stdout], [], [], PATIENCE_S)
        assert ready, f"expected the line '{line}', found nothing in {PATIENCE_S} s"
        found = self.vm.stdout.readline()
        if found != line + "\n":
            raise AssertionError(f"expected the line '{line}', found: {found}{self.vm.stdout.read()}")

    def tell(self, line):
        """Give the command a line."""
        self.vm.stdin.write(line + "\n")
        self.vm.stdin.flush()

    def stop(self):
        """Turn it off: its command cannot end where the host's files are gone. The kernel has not complained."""
        self.command("quit")
        rest = self.vm.stdout.read()
        status = self.vm.wait()
        assert status == 125, f"expected a machine that was turned off, found status {status}: {rest}"
        self.folder.cleanup()

    def end(self):
        """Its command has ended, and well."""
        self.vm.stdin.close()
        rest = self.vm.stdout.read()
        status = self.vm.wait()
        assert status == 0, f"tools/vm ended with {status}: {rest}"
        self.folder.cleanup()
