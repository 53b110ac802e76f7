#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-smi tells of the driver's devices and of the processes that use them, and what
is wrong without permission or without the driver."""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, "tests/emu/tools")
from checks import expect_refusal, main, run  # noqa: E402

NODE = "/dev/accel/accel0"
# Operands of the product that the worker repeats: W and A of bytes, C of floats.
M, N, K = 256, 1024, 2048
WORKING_SET = N * K + M * K + 4 * M * N


def device(*arguments):
    """What accel-smi says of the first device."""
    done = run("accel-smi", "--json", *arguments, emulator=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["devices"][0]


def use(engines):
    """Utilisation by engine."""
    return {engine["name"]: engine["utilization_percent"] for engine in engines}


def an_idle_device():
    found = device()
    assert found["bdf"].count(":") == 2 and found["name"].startswith("axon"), found
    assert found["memory_total_bytes"] >= 16 << 20 and found["memory_used_bytes"] < 1 << 20, found
    assert found["processes"] == [] and found["processes_complete"], found
    assert found["num_cores"] >= 1 and found["free_queues"] <= found["num_queues"], found
    for line in run("accel-smi", emulator=False).stdout.splitlines():
        assert len(line) <= 80, line


def static_tells_driver_and_host():
    found = device("static")
    assert found["driver_version"].startswith("1."), found
    assert found["kernel_release"] == os.uname().release, found
    with open(f"/sys/bus/pci/devices/{found['bdf']}/numa_node", encoding="ascii") as file:
        node = int(file.read())
    assert found["numa_node"] == (None if node < 0 else node), found
    assert set(found["features"]) <= {"user_queues", "suspend", "inject"}, found


def faults_are_counted_and_warned_of():
    before = device("event")
    subprocess.run(["build/tests/guest/abi_fault"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    after = device("event")
    assert after["faults"] > before["faults"], (before, after)
    assert after["queue_resets"] > before["queue_resets"], (before, after)
    found = device("health")
    results = {check["name"]: check["result"] for check in found["checks"]}
    assert found["health"] == "WARN" and results.pop("faults") == "WARN", found
    assert set(results.values()) == {"PASS"}, found


def purposes_are_told(process):
    """accel-bench's product has W as weights, A and C as activations, and a program."""
    by_purpose = process["memory_by_purpose_bytes"]
    assert N * K <= by_purpose["weights"] < N * K + (1 << 16), process
    assert M * K + 4 * M * N <= by_purpose["activations"] < WORKING_SET, process
    assert by_purpose["code"] > 0 and by_purpose["kv"] == 0, process
    # What is resident, in whichever memory, is all that it has.
    resident = process["memory_used_bytes"] + process["system_memory_used_bytes"]
    assert sum(by_purpose.values()) == resident, process
    text = run("accel-smi", "process", emulator=False).stdout
    assert "weights 2 MiB, activations 1 MiB" in text.replace("\n" + 12 * " ", " "), text
    assert all(len(line) <= 80 for line in text.splitlines()), text
    rows = run("accel-smi", "process", "--query=pid,name,memory_by_purpose_bytes.weights",
               "--no-header", "--no-units", emulator=False).stdout
    assert rows == f"{process['pid']},accel-bench,{by_purpose['weights']}\n", rows


def a_process_its_memory_and_its_use():
    free = device("metric")["free_queues"]
    with subprocess.Popen(["build/accel-bench", "matmul", "-s", f"{M}x{N}x{K}", "-t", "int8",
                           "-r", "1000"], stdout=subprocess.DEVNULL) as worker:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and worker.poll() is None:
                found = device()
                if found["processes"] and use(found["engines"])["matrix"] > 5:
                    break
            assert [p["pid"] for p in found["processes"]] == [worker.pid], found
            process = found["processes"][0]
            assert process["name"] == "accel-bench"
            assert WORKING_SET <= process["memory_used_bytes"] < WORKING_SET + (1 << 20), process
            assert process["memory_used_bytes"] <= found["memory_used_bytes"], found
            purposes_are_told(process)
            # Read at slightly other times than the device's, hence not the same.
            assert process["utilization_percent"]["matrix"] > 2.5, process
            for engine, percent in use(found["engines"]).items():
                assert 0 <= percent <= 100 and (percent < 5 or engine != "vector"), found
            assert found["free_queues"] == free - 1, found
        finally:
            worker.kill()
    found = device()
    assert found["processes"] == [] and found["memory_used_bytes"] < 1 << 20, found


def without_permission_it_is_4():
    mode = os.stat(NODE).st_mode
    os.chmod(NODE, 0o600)
    try:
        done = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "build/accel-smi"],
                              capture_output=True, text=True, check=False)
        expect_refusal(done, 4, "60-axon.rules")
    finally:
        os.chmod(NODE, mode)


def a_device_that_is_not_there_is_6():
    expect_refusal(run("accel-smi", "-d", "0000:7f:00.0", emulator=False), 6, "'0000:7f:00.0'")
    expect_refusal(run("accel-smi", emulator=False, ACCEL_VISIBLE_DEVICES=""), 6, "0 visible")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def a_device_that_is_lost_is_15():
    bdf = device("list")["bdf"]
    with subprocess.Popen(["build/accel-smi", "-w", "0.2", "-i", "500"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as watcher:
        try:
            assert watcher.stdout.readline().startswith("DEV")
            write("/sys/bus/pci/drivers/axon/unbind", bdf)
            said = watcher.communicate(timeout=60)[1]
        finally:
            watcher.kill()
            write("/sys/bus/pci/drivers/axon/bind", bdf)
    assert watcher.returncode == 15, f"expected 15, found {watcher.returncode}: {said}"
    assert "device 0: lost" in said, said


def without_the_driver_it_is_9():
    subprocess.run(["rmmod", "axon"], check=True)
    try:
        expect_refusal(run("accel-smi", emulator=False), 9, "no /dev/accel node", "insmod")
        expect_refusal(run("accel-bench", "copy", emulator=False), 1, "insmod")
    finally:
        subprocess.run(["insmod", "build/axon.ko"], check=True)
    assert device("process")["processes"] == []


if __name__ == "__main__":
    sys.exit(main([an_idle_device, static_tells_driver_and_host,
                   a_process_its_memory_and_its_use, faults_are_counted_and_warned_of,
                   without_permission_it_is_4, a_device_that_is_not_there_is_6,
                   a_device_that_is_lost_is_15, without_the_driver_it_is_9]))
