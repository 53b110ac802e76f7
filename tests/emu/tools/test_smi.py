#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-smi's output, its JSON against the schema, and its exit codes."""

import json
import os
import sys

import jsonschema

sys.path.insert(0, "tests/emu/tools")
from checks import expect_refusal, main, run  # noqa: E402

VERBS = [[], ["list"], ["metric"], ["process"]]
with open("tools/accel-smi.schema.json", encoding="utf-8") as file:
    SCHEMA = json.load(file)


def smi(*arguments, **environment):
    """Its output; it must succeed in silence."""
    done = run("accel-smi", *arguments, **environment)
    assert done.returncode == 0, f"{arguments}: status {done.returncode}: {done.stderr}"
    assert not done.stderr, done.stderr
    return done.stdout


def known_keys(value, schema):
    """Every key is described: the schema names all that is printed."""
    schema = SCHEMA["definitions"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            assert key in schema["properties"], f"{key} is not in the schema"
            known_keys(inner, schema["properties"][key])
    if isinstance(value, list):
        for inner in value:
            known_keys(inner, schema["items"])


def json_matches_the_schema():
    for verb in VERBS:
        document = json.loads(smi(*verb, "--json"))
        jsonschema.validate(document, SCHEMA)
        known_keys(document, SCHEMA)
        assert len(document["devices"]) == 1


def schema_refuses_what_is_wrong():
    document = json.loads(smi("--json"))
    for change in ({"index": -1}, {"bdf": "N/A"}, {"uuid": "?"}, {"memory_used_bytes": "0 MiB"}):
        try:
            jsonschema.validate({**document, "devices": [{**document["devices"][0], **change}]},
                                SCHEMA)
        except jsonschema.ValidationError:
            continue
        raise AssertionError(f"the schema allows {change}")


def json_tells_the_chips_properties():
    device = json.loads(smi("--json", AXON_EMU_VRAM="64M", AXON_EMU_CORES="3"))["devices"][0]
    assert device["name"] == "emulator" and device["bdf"] is None
    assert device["memory_total_bytes"] == 64 << 20
    assert device["memory_used_bytes"] == 0
    assert device["num_cores"] == 3
    assert device["processes"] == [] and device["processes_complete"]
    counts = {engine["name"]: engine["count"] for engine in device["engines"]}
    assert counts == {"dma": 3, "matrix": 3, "vector": 3, "hart": 3, "copy": 1}, counts


def text_fits_80_columns():
    for verb in VERBS:
        for line in smi(*verb).splitlines():
            assert len(line) <= 80, f"{verb}: {len(line)} columns: {line}"


def text_names_the_device():
    for verb in ([], ["list"], ["metric"]):
        assert "emulator" in smi(*verb)
    assert "no process" in smi("process")


def pipes_get_no_colours():
    assert "\033" not in smi()


def watching_prints_one_line_each_time():
    lines = smi("metric", "--json", "-w", "0.1", "-i", "3").splitlines()
    assert len(lines) == 3
    times = [json.loads(line)["devices"][0]["timestamp_ns"] for line in lines]
    assert times[0] < times[1] < times[2], times
    assert times[2] - times[0] >= 0.2e9, times


def devices_are_chosen_by_index_address_and_uuid():
    everything = json.loads(smi("--json"))["devices"][0]
    for name in ("0", "all", "emulator", everything["uuid"], everything["uuid"].upper()):
        assert json.loads(smi("list", "--json", "-d", name))["devices"][0]["index"] == 0


def a_device_that_is_not_there_is_6():
    for name in ("1", "-1", "00", "0000:01:00.0", ""):
        expect_refusal(run("accel-smi", f"--device={name}"), 6, f"'{name}'", "1 visible")
    expect_refusal(run("accel-smi", ACCEL_VISIBLE_DEVICES="7"), 6, "no such accelerator")
    expect_refusal(run("accel-smi", ACCEL_VISIBLE_DEVICES=""), 6, "0 visible")


def wrong_usage_is_2():
    for arguments, words in (
            (["topo"], ["list, metric or process", "'topo'"]),
            (["List"], ["'List'"]),
            (["list", "metric"], ["'metric'"]),
            (["--csv"], ["unrecognized option '--csv'"]),
            (["-w", "0"], ["0.1 to 86400", "'0'"]),
            (["-w", "1s"], ["'1s'"]),
            (["-w", "nan"], ["'nan'"]),
            (["-w", "1", "-i", "0"], ["at least 1", "'0'"]),
            (["-w", "1", "-i", "-2"], ["'-2'"]),
            (["-i", "2"], ["-w SEC"])):
        expect_refusal(run("accel-smi", *arguments), 2, "accel-smi", *words)


def no_driver_is_9():
    if os.path.isdir("/sys/class/accel"):
        return
    for verb in VERBS:
        expect_refusal(run("accel-smi", *verb, emulator=False), 9, "no /dev/accel node", "insmod")


def version_and_help():
    assert smi("--version").startswith("accel-smi 1.")
    usage = smi("--help")
    for word in ("list", "metric", "process", "--json", "-d,", "-w,", "-i,", "Exit status"):
        assert word in usage, word


if __name__ == "__main__":
    sys.exit(main([json_matches_the_schema, schema_refuses_what_is_wrong,
                   json_tells_the_chips_properties, text_fits_80_columns, text_names_the_device,
                   pipes_get_no_colours, watching_prints_one_line_each_time,
                   devices_are_chosen_by_index_address_and_uuid, a_device_that_is_not_there_is_6,
                   wrong_usage_is_2, no_driver_is_9, version_and_help]))
