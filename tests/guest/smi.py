#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-smi tells of the driver's devices and of the processes that use them, and what
is wrong without permission or without the driver."""

import json
import os
import subprocess
import sys
import time

import jsonschema

sys.path.insert(0, "tests/emu/tools")
from checks import expect_refusal, main, run  # noqa: E402

NODE = "/dev/accel/accel0"
with open("tools/accel-smi.schema.json", encoding="utf-8") as schema:
    SCHEMA = json.load(schema)
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


def fault(*arguments):
    """A process that writes to an address where nothing is mapped, on many queues or on one."""
    subprocess.run(["build/tests/guest/abi_event", *arguments], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)


def faults_are_counted_and_warned_of():
    before = device("event")
    fault()
    after = device("event")
    counted = after["faults"] - before["faults"]
    assert counted > 0 and after["queue_resets"] - before["queue_resets"] == counted, (before, after)
    assert after["device_resets"] == before["device_resets"] == 0, after
    found = device("health")
    results = {check["name"]: check["result"] for check in found["checks"]}
    assert found["health"] == "WARN", found
    assert results.pop("faults") == results.pop("queue_resets") == "WARN", found
    assert set(results.values()) == {"PASS"}, found
    detail = {check["name"]: check["detail"] for check in found["checks"]}["faults"]
    assert "PAGE_WRITE" in detail and "s ago" in detail, detail


def events_are_told_whole_to_root():
    fault("once")
    document = json.loads(run("accel-smi", "event", "--json", emulator=False).stdout)
    jsonschema.validate(document, SCHEMA)
    events = document["devices"][0]["events"]
    numbers = [event["number"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + 128)), numbers
    assert document["devices"][0]["events_no_longer_kept"] == numbers[0] - 1, document
    first, second = events[-2:]
    assert (first["kind"], second["kind"]) == ("fault", "queue_reset"), (first, second)
    # As tests/guest/abi_event.c writes it.
    assert first["cause"] == "PAGE_WRITE" and first["packet_tag"] == 0x77, first
    assert first["address"] == hex(0x200000000 + (1 << 40)), first
    assert first["packet_address"] == hex(0x200000000 + (1 << 32)), first
    assert first["engine"] == "copy" and first["core"] is None and first["pc"] is None, first
    assert second["errno"] == "EIO" and second["cause"] is None, second
    for event in (first, second):
        assert event["process"] == "abi_event" and not event["hidden"], event
        assert abs(event["time_ns"] / 1e9 - time.time()) < 120, event
    text = run("accel-smi", "event", emulator=False).stdout
    assert "older events are no longer kept" in text, text[:400]
    assert f"abi_event ({first['pid']}), queue {first['queue']}" in text, text[-400:]
    assert f"PAGE_WRITE at {first['address']}" in text, text[-400:]
    assert all(len(line) <= 80 for line in text.splitlines()), text
    rows = run("accel-smi", "event", "--query=number,kind,cause,pid,process,address,errno",
               "--no-header", "--no-units", emulator=False).stdout.splitlines()
    assert len(rows) == 128, len(rows)
    assert rows[-2] == (f"{first['number']},fault,PAGE_WRITE,{first['pid']},abi_event,"
                        f"{first['address']},"), rows[-2]
    assert rows[-1] == f"{second['number']},queue_reset,,{second['pid']},abi_event,,EIO", rows[-1]


def events_of_others_are_hidden():
    whole = device("event")["events"][-2:]
    mode = os.stat(NODE).st_mode
    os.chmod(NODE, 0o666)
    try:
        done = [subprocess.run(["setpriv", "--reuid", "3000", "--clear-groups", "build/accel-smi",
                                "event", *options], capture_output=True, text=True, check=True).stdout
                for options in (["--json"], [])]
    finally:
        os.chmod(NODE, mode)
    document = json.loads(done[0])
    jsonschema.validate(document, SCHEMA)
    for event, seen in zip(whole, document["devices"][0]["events"][-2:]):
        public = ("number", "time_ns", "kind", "slot", "memory_lost", "errno", "cause", "lost",
                  "device_timestamp_ns", "engine")
        assert seen["hidden"] and {key: seen[key] for key in public} == {
            key: event[key] for key in public}, seen
        assert all(value is None for key, value in seen.items()
                   if key not in public and key != "hidden"), seen
    assert "of another user" in done[1] and "0x" not in done[1], done[1]
    assert "abi_event" not in done[1] and "PAGE_WRITE: write to" in done[1], done[1]


def events_are_followed():
    with subprocess.Popen(["build/accel-smi", "event", "--query=number,kind", "--no-header",
                           "--no-units", "-w", "0.1"], stdout=subprocess.PIPE, text=True) as watcher:
        try:
            before = [watcher.stdout.readline() for _ in range(128)]
            fault("once")
            last = int(before[-1].split(",")[0])
            for number in range(last + 1, last + 3):
                assert watcher.stdout.readline().startswith(f"{number},"), number
        finally:
            watcher.kill()


def the_self_test_passes():
    found = device("diag")
    assert found["diag"] == "PASS", found
    assert f"of {device('list')['num_cores']} cores" in found["tests"][2]["detail"], found


def a_dump_has_the_registers_for_root():
    document = json.loads(run("accel-smi", "dump", emulator=False).stdout)
    jsonschema.validate(document, SCHEMA)
    found = document["devices"][0]
    assert found["registers"]["GLOBAL.ID"] == "0x4e4f5841", found["registers"]
    assert int(found["registers"]["GLOBAL.NUM_CORES"], 16) == found["num_cores"], found
    assert int(found["registers"]["GLOBAL.VRAM_SIZE"], 16) == found["memory_total_bytes"], found
    # Slot 0 is the driver's own, enabled and with nothing to do.
    assert found["registers"]["SLOT0.STATUS"] == "0x1", found["registers"]
    assert len(found["events"]) == 128, found["events"]


def topology_is_that_of_sysfs():
    document = json.loads(run("accel-smi", "topo", "--json", emulator=False).stdout)
    jsonschema.validate(document, SCHEMA)
    found = document["devices"][0]
    path = os.path.realpath(f"/sys/bus/pci/devices/{found['bdf']}")
    assert path.endswith("/".join([found["pci_root"], *found["pci_path"]])), (path, found)
    assert found["pci_path"][-1] == found["bdf"], found
    for key, name in (("near_cpus", "local_cpulist"), ("link_speed", "current_link_speed"),
                      ("link_lanes", "current_link_width")):
        with open(f"{path}/{name}", encoding="ascii") as file:
            assert str(found[key]) == file.read().strip(), (key, found)


def purposes_are_told(process):
    """accel-bench's product has W as weights, A and C as activations, and a program."""
    by_purpose = process["memory_by_purpose_bytes"]
    assert N * K <= by_purpose["weights"] < N * K + (1 << 16), process
    assert M * K + 4 * M * N <= by_purpose["activations"] < WORKING_SET, process
    assert by_purpose["code"] > 0 and by_purpose["kv"] == 0, process
    # Nobody else is there: what the device has is this, and where the driver saves the queue.
    everything = device("metric")["memory_by_purpose_bytes"]
    assert everything.pop("other") > by_purpose["other"], process
    assert everything == {name: size for name, size in by_purpose.items() if name != "other"}, process
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


def top_shows_the_busiest_process_first():
    idle = subprocess.Popen(["build/accel-smi", "-w", "3600"], stdout=subprocess.DEVNULL)
    with idle, subprocess.Popen(["build/accel-bench", "matmul", "-s", f"{M}x{N}x{K}", "-t", "int8",
                                 "-r", "1000"], stdout=subprocess.DEVNULL) as worker:
        try:
            end = time.monotonic() + 60
            while time.monotonic() < end and worker.poll() is None:
                text = run("accel-smi", "top", "-i", "1", emulator=False).stdout
                lines = [line.split() for line in text.splitlines()]
                pids = [line[1] for line in lines if line and line[-1].endswith("%")][1:]
                if pids[:1] == [str(worker.pid)]:
                    break
            assert pids == [str(worker.pid), str(idle.pid)], text
        finally:
            worker.kill()
            idle.kill()


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
        subprocess.run(["insmod", os.environ["AXON_MODULE"]], check=True)
    assert device("process")["processes"] == []


if __name__ == "__main__":
    sys.exit(main([an_idle_device, static_tells_driver_and_host,
                   a_process_its_memory_and_its_use, top_shows_the_busiest_process_first,
                   faults_are_counted_and_warned_of, events_are_told_whole_to_root,
                   events_of_others_are_hidden, events_are_followed, the_self_test_passes, a_dump_has_the_registers_for_root,
                   topology_is_that_of_sysfs,
                   without_permission_it_is_4, a_device_that_is_not_there_is_6,
                   a_device_that_is_lost_is_15, without_the_driver_it_is_9]))
