#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: what the driver shows of itself (sensors, sysfs, tracepoints, debugfs) is true: it is held
against what accel-smi, fdinfo and the programs themselves say."""

import contextlib
import glob
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, "tests/emu/tools")
from checks import main, run  # noqa: E402

TRACING = "/sys/kernel/tracing"
PCI = os.path.dirname(glob.glob("/sys/bus/pci/devices/*/axon/uuid")[0])
DEBUG = f"/sys/kernel/debug/accel/{os.path.basename(os.path.dirname(PCI))}"


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def device(*arguments):
    done = run("accel-smi", "--json", *arguments, emulator=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["devices"][0]


def sensor(name):
    folder, = glob.glob(f"{os.path.dirname(PCI)}/hwmon/hwmon*")
    return int(read(f"{folder}/{name}"))


def work():
    """A second or so of matrix products."""
    subprocess.run(["build/accel-bench", "matmul", "-s", "256x1024x2048", "-t", "int8", "-r", "300"],
                   stdout=subprocess.DEVNULL, check=True)


def sensors_follow_the_load():
    cores = device("static")["num_cores"]
    idle, most = 2000 + 250 * cores, 2000 + 250 * cores + 9000 * cores + 1500
    assert sensor("power1_rated_max") == 1000 * most, sensor("power1_rated_max")
    assert sensor("temp1_crit") == 105000 and sensor("freq1_input") == 10 ** 9
    sensor("power1_input")
    time.sleep(0.3)
    assert sensor("power1_input") == 1000 * idle, sensor("power1_input")
    before = sensor("energy1_input"), sensor("temp1_input")
    start = device("metric")["timestamp_ns"]
    work()
    power = sensor("power1_input")
    seconds = (device("metric")["timestamp_ns"] - start) / 1e9
    energy = sensor("energy1_input") - before[0]
    assert 1000 * idle < power <= 1000 * most, power
    # A milliwatt for a second is a thousand microjoules, by the clock of the device, of which `seconds` is a part.
    assert energy > 1000 * idle * seconds, (energy, idle, seconds)
    used = sensor("energy1_input")
    assert used < 1000 * most * device("metric")["timestamp_ns"] / 1e9, (used, most)
    assert 30000 <= before[1] <= sensor("temp1_input") < 90000, (before, sensor("temp1_input"))
    found = device("metric")
    assert found["power_max_mw"] == most and found["energy_uj"] > before[0], found
    assert 30 <= found["temperature_celsius"] < 90, found
    text = run("accel-smi", "metric", emulator=False).stdout
    assert "temperature" in text and f"of {most / 1000:.1f} W" in text, text


def sysfs_says_what_the_tool_says():
    found = device("static")
    assert read(f"{PCI}/uuid") == found["uuid"], found
    assert read(f"{PCI}/hw_version") == found["hw_version"], found
    for name, key in (("num_cores", "num_cores"), ("sram_bytes", "sram_per_core_bytes"),
                      ("vram_bytes", "memory_total_bytes")):
        assert int(read(f"{PCI}/{name}")) == found[key], (name, found)
    subprocess.run(["build/tests/guest/abi_event", "once"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    found = device("metric")
    for name, key in (("faults", "faults"), ("queue_resets", "queue_resets"),
                      ("device_resets", "device_resets"), ("vram_used_bytes", "memory_used_bytes")):
        assert int(read(f"{PCI}/{name}")) == found[key], (name, found)
    assert int(read(f"{PCI}/faults")) > 0
    for engine in found["engines"]:
        assert int(read(f"{PCI}/busy_{engine['name']}_us")) == engine["busy_ns"] // 1000, engine
    assert os.stat(f"{PCI}/faults").st_mode & 0o777 == 0o444


@contextlib.contextmanager
def traced():
    """Yields a function that gives what was traced: (event, its fields)."""
    write(f"{TRACING}/trace", "")
    write(f"{TRACING}/events/axon/enable", "1")

    def lines():
        for line in read(f"{TRACING}/trace").splitlines():
            if ": axon_" not in line:
                continue
            event, fields = line.split(": axon_", 1)[1].split(": ", 1)
            yield event, dict(field.split("=", 1) for field in fields.split())
    try:
        yield lambda: list(lines())
    finally:
        write(f"{TRACING}/events/axon/enable", "0")


def a_job_is_traced_from_submission_to_fence():
    if not os.path.isdir(TRACING):
        return  # the debug kernel has no tracing
    with traced() as events:
        subprocess.run(["build/tests/guest/abi_event", "once"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        found = events()
    # That job writes where nothing is mapped: tests/guest/abi_event.c.
    fault = next(fields for event, fields in found if event == "fault")
    assert fault["addr"] == hex(0x200000000 + (1 << 40)), fault
    queue = fault["queue"]
    story = [(event, fields) for event, fields in found
             if fields.get("queue") == queue or fields.get("timeline") == f"axon-queue{queue}"]
    names = [event for event, _ in story]
    order = [names.index(name) for name in ("slot_load", "job_submit", "job_run", "fault", "queue_reset",
                                            "fence_signal")]
    assert order == sorted(order), names
    said = dict(story)
    assert said["job_submit"]["seqno"] == said["job_run"]["seqno"] == said["fence_signal"]["seqno"], said
    assert said["fence_signal"]["error"] == said["queue_reset"]["error"] == "-5", said
    assert any(event == "bind" and fields["op"] == "map" for event, fields in found), names


def debugfs_lists_queues_spaces_and_memory():
    with subprocess.Popen(["build/accel-bench", "matmul", "-s", "256x1024x2048", "-t", "int8", "-r", "1000"],
                          stdout=subprocess.DEVNULL) as worker:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and worker.poll() is None:
                rows = [row.split() for row in read(f"{DEBUG}/queues").splitlines()[1:]]
                mine = [row for row in rows if row[1] == str(worker.pid) and row[5] == "on"]
                if mine:
                    break
            assert len(mine) == 1 and mine[0][4] == "user", rows
            spaces = read(f"{DEBUG}/vms")
            assert f"address space {mine[0][2]}, long-running" in spaces, spaces
            memory = read(f"{DEBUG}/memory")
            assert "device memory" in memory and "usage: " in memory, memory
        finally:
            worker.kill()


if __name__ == "__main__":
    sys.exit(main([sensors_follow_the_load, sysfs_says_what_the_tool_says,
                   a_job_is_traced_from_submission_to_fence, debugfs_lists_queues_spaces_and_memory]))
