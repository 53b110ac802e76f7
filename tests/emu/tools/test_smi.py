#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-smi's output, its JSON against the schema, and its exit codes."""

import csv
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

import jsonschema

sys.path.insert(0, "tests/emu/tools")
from checks import BUILD, expect_refusal, main, run  # noqa: E402

VERBS = [[], ["list"], ["static"], ["metric"], ["process"], ["event"], ["health"],
         ["topo"], ["diag"]]
BROKEN = "tests/emu/tools/accel-smi-broken"
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


def rows(*arguments):
    """CSV as lists of strings."""
    return list(csv.reader(smi(*arguments).splitlines(), strict=True))


def static_tells_the_identity():
    device = json.loads(smi("static", "--json"))["devices"][0]
    assert device["driver_version"] is None and device["numa_node"] is None, device
    assert device["kernel_release"] == os.uname().release
    text = smi("static")
    for word in (device["uuid"], f"{device['sram_per_core_bytes'] >> 10} KiB", "1000 MHz",
                 os.uname().release):
        assert word in text, f"{word} is not in {text}"


def health_of_a_sound_device_passes():
    device = json.loads(smi("health", "--json"))["devices"][0]
    assert device["health"] == "PASS"
    results = {check["name"]: check["result"] for check in device["checks"]}
    assert results == {"driver": "SKIP", "device": "PASS", "memory": "PASS", "queues": "PASS",
                       "faults": "PASS", "queue_resets": "PASS", "device_resets": "PASS",
                       "ecc": "PASS", "chip": "PASS"}, results


def events_are_counted():
    device = json.loads(smi("event", "--json"))["devices"][0]
    assert device["faults"] == device["queue_resets"] == device["device_resets"] == 0, device
    assert device["events"] == [] and device["events_no_longer_kept"] == 0, device
    assert "no event" in smi("event")


def csv_has_the_keys_of_json():
    for verb in VERBS:
        device = json.loads(smi(*verb, "--json"))["devices"][0]
        table = rows(*verb, "--csv", "--no-units")
        if verb == ["process"]:
            assert len(table) == 1 and "memory_by_purpose_bytes.kv" in table[0], table
            continue
        if verb == ["event"]:
            keys = SCHEMA["definitions"]["event"]["required"]
            assert table == [["index", "bdf", *keys]], table
            continue
        assert len(table) == 2 and len(table[0]) == len(table[1]), table
        found = dict(zip(*table))
        for key, value in device.items():
            if isinstance(value, (int, str)) and key not in ("timestamp_ns", "processes_complete"):
                assert found[key] == str(value), f"{key}: {found[key]}"
    assert dict(zip(*rows("--csv", "--no-units")))["engines.copy.count"] == "1"


def csv_has_units_and_quotes():
    found = dict(zip(*rows("--csv")))
    assert found["memory_total_bytes"].endswith(" B") and found["bdf"] == "", found
    assert found["engines.dma.utilization_percent"] == "0.0 %", found
    assert found["engines.dma.busy_modelled_cycles"] == "0 cycles", found
    assert found["num_cores"].isdigit(), found
    assert '"answers, its clock runs"' in smi("--query=checks.device.detail")


def a_query_chooses_fields():
    table = rows("--query=memory_total_bytes,health,index,uuid", "--no-units")
    assert table[0] == ["memory_total_bytes", "health", "index", "uuid"]
    assert table[1][:3] == ["1073741824", "PASS", "0"] and len(table[1][3]) == 36, table
    assert smi("--query=index,index", "--no-header") == "0,0\n"
    lines = smi("--query=timestamp_ns", "--no-units", "-w", "0.1", "-i", "3").splitlines()
    assert lines[0] == "timestamp_ns" and int(lines[1]) < int(lines[2]) < int(lines[3]), lines


def catalogue():
    """The entries in the headers: kind, name, number, errno of an error, meaning, what to do."""
    with open("uapi/axon_errors.h", encoding="utf-8") as header:
        text = header.read()
        for entry in re.finditer(r'X\((\w+), (\d+), (\w+), "([^"]*)",\s*\\?\s*"([^"]*)"\)', text):
            yield "error", entry[1], int(entry[2]), entry[3], entry[4], entry[5]
    with open("uapi/axon_hw.h", encoding="utf-8") as header:
        text = re.sub(r'"\s*\\\n\s*"', "", header.read())
        for entry in re.finditer(r'\tX\((\w+), (\d+), "([^"]*)", \\\n\s*"([^"]*)"\)', text):
            yield "fault", entry[1], 1000 + int(entry[2]), None, entry[3], entry[4]


def explain_knows_every_entry():
    entries = list(catalogue())
    assert len(entries) > 25, entries
    told = json.loads(smi("explain", "--json"))
    jsonschema.validate(told, SCHEMA)
    known_keys(told, SCHEMA)
    assert [(e["kind"], e["name"], e["number"]) for e in told["entries"]] == [
        entry[:3] for entry in entries]
    for kind, name, number, errno, meaning, action in entries:
        prefix = "AXON_ERR_" if kind == "error" else "AXON_FAULT_"
        for text in (name, name.lower(), prefix + name, str(number)):
            assert f"({kind} {number}" in smi("explain", text), text
        text = smi("explain", prefix + name)
        assert text.startswith(f"{name} ({kind} {number}") and text.count("what to do: ") == 1
        assert f"meaning: {meaning}\n  what to do: {action}\n" in text, text
        if errno:
            assert f"({kind} {number}, {errno})" in smi("explain", errno), errno
    assert all(entry["action"] for entry in told["entries"])


def an_errno_means_one_thing():
    errnos = [errno for kind, _, _, errno, _, _ in catalogue() if kind == "error"]
    assert sorted(errnos) == sorted(set(errnos)), errnos


def explain_knows_what_functions_return():
    assert smi("explain", "--", "-28") == smi("explain", "ENOSPC")
    assert "NO_VRAM" in smi("explain", "ENOSPC") and "NO_AS" in smi("explain", "eusers")
    for text in (["EINVAL"], ["--", "-22"]):
        assert smi("explain", *text).startswith("EINVAL (errno 22, EINVAL)\n  meaning: an arg")
    assert smi("explain", "TIMEOUT").count("meaning") == 2


def explain_refuses_what_it_does_not_know():
    for text, words in (("PAGE_RAED", ["'PAGE_RAED'", "PAGE_READ"]), ("page", ["PAGE_WRITE"]),
                        ("NO_VRM", ["near it: NO_VRAM"]), ("1999", ["lists all"]),
                        ("12", ["lists all"]), ("-999", ["'-999'"]), ("", ["''"]),
                        ("ENOTTY", ["'ENOTTY'"]), ("AXON_ERR_HANG", ["'AXON_ERR_HANG'"]),
                        ("\033[2J", ["'?[2J'"]), ("y" * 5000, ["'" + "y" * 40 + "'"])):
        done = run("accel-smi", "explain", "--", text)
        expect_refusal(done, 2, *words)
        assert len(done.stderr.splitlines()) == 1, done.stderr


def text_fits_80_columns():
    for verb in VERBS:
        for line in smi(*verb).splitlines():
            assert len(line) <= 80, f"{verb}: {len(line)} columns: {line}"


def text_names_the_device():
    for verb in ([], ["list"], ["static"], ["metric"], ["health"], ["topo"], ["diag"]):
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


def top_is_a_view_after_the_other():
    text = smi("top", "-w", "0.1", "-i", "3")
    assert text.count("MATRIX") == 6 and text.count("emulator") == 3 and "\033" not in text, text


def terminal(*arguments, keys=""):
    """What a terminal of 24 lines gets, the exit status, and whether the terminal is as it was."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    env = dict(os.environ, LD_LIBRARY_PATH=os.path.join(BUILD, "emu"))
    with subprocess.Popen([os.path.join(BUILD, "accel-smi"), *arguments], stdin=slave, stdout=slave,
                          env=env) as process:
        shown = b""
        while b"q ends" not in shown:
            shown += os.read(master, 4096)
        os.write(master, keys.encode()) if keys else process.terminate()
        while b"\033[?1049l" not in shown:
            shown += os.read(master, 4096)
        status = process.wait(timeout=60)
    same = termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)
    return shown.decode(), status, same


def top_gives_the_terminal_back():
    for keys in ("q", ""):
        shown, status, same = terminal("top", "-w", "60", keys=keys)
        assert status == 0 and same, (keys, status, same)
        assert shown.startswith("\033[?1049h\033[?25l"), repr(shown)
        assert shown.endswith("\033[?25h\033[?1049l"), repr(shown)
        assert "emulator" in shown, shown


def a_dump_has_what_the_other_verbs_have():
    document = json.loads(smi("dump"))
    jsonschema.validate(document, SCHEMA)
    known_keys(document, SCHEMA)
    device = document["devices"][0]
    expected = set(SCHEMA["definitions"]["device"]["properties"]) - {"diag", "tests"}
    assert set(device) == expected, set(device) ^ expected
    assert device["registers"] is None, device


def diag_passes_on_a_sound_device():
    for cores in ("1", "3"):
        device = json.loads(smi("diag", "--json", AXON_EMU_CORES=cores))["devices"][0]
        assert device["diag"] == "PASS", device
        assert [test["name"] for test in device["tests"]] == ["memory", "copy_engine", "cores"]
        assert f"of {cores} cores" in device["tests"][2]["detail"], device


def diag_notices_what_was_not_done():
    """A launch, or the last byte of a copy, that the library forgets."""
    wrong = [("LAUNCH", "1", "cores")] + [("COPY", str(n), "memory") for n in range(1, 9)]
    for what, number, test in wrong + [("COPY", "9", "copy_engine")]:
        done = run(BROKEN, "diag", **{f"AXON_BROKEN_{what}": number})
        assert done.returncode == 1, (what, number, done)
        assert re.search(rf"FAIL  {test} .*\s+expected\s+.*,\s+found\s", done.stdout), done.stdout
        assert done.stdout.endswith("  FAIL\n"), done.stdout


def diag_of_a_full_device_is_skipped():
    done = run("accel-smi", "diag", AXON_EMU_VRAM="16M")
    assert done.returncode == 0 and done.stdout.count("SKIP") == 4, done
    assert "device memory is full" in done.stdout, done.stdout


def output_goes_to_a_file_when_it_is_whole():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        assert smi("list", "--json", "-o", path) == ""
        with open(path, encoding="utf-8") as out:
            jsonschema.validate(json.load(out), SCHEMA)
        # A failure leaves what was there, and nothing else.
        expect_refusal(run("accel-smi", "--query=nope", "-o", path), 2, "'nope'")
        expect_refusal(run("accel-smi", "explain", "NOPE", "-o", path), 2, "'NOPE'")
        with open(path, encoding="utf-8") as out:
            json.load(out)
        # With -w it holds the last output alone, with its heading.
        assert smi("--query=index,uuid", "-w", "0.1", "-i", "3", "-o", path) == ""
        with open(path, encoding="utf-8") as out:
            assert len(out.readlines()) == 2
        for verb in VERBS + [["explain"], ["explain", "HANG"]]:
            said = re.sub(r"\d", "", smi(*verb))
            smi(*verb, "-o", path)
            with open(path, encoding="utf-8") as out:
                assert re.sub(r"\d", "", out.read()) == said, verb
        mask = os.umask(0o027)
        smi("list", "-o", path)
        os.umask(mask)
        assert os.stat(path).st_mode & 0o777 == 0o640
        assert os.listdir(folder) == ["out.json"]
        expect_refusal(run("accel-smi", "-o", f"{folder}/no/x"), 1, "No such file")
        expect_refusal(run("accel-smi", "-o", folder), 2, "expected a file", folder)
    expect_refusal(run("accel-smi", "-o", "/dev/null"), 2, "expected a file", "/dev/null")


def wrong_usage_is_2():
    for arguments, words in (
            (["nope"], ["list, static, metric, process, event, health, topo, top, diag, dump or explain",
                        "'nope'"]),
            (["dump", "--csv"], ["-d, -o and --json", "--csv"]),
            (["dump", "-w", "1"], ["-d, -o and --json", "-w"]),
            (["top", "--json"], ["-d, -w and -i", "--json"]),
            (["top", "-o", "x"], ["-d, -w and -i", "-o"]),
            (["--query=diag"], ["'diag'"]),
            (["List"], ["'List'"]),
            (["list", "metric"], ["'metric'"]),
            (["--xml"], ["unrecognized option '--xml'"]),
            (["--csv", "--json"], ["--csv and --json"]),
            (["--no-units"], ["--no-units", "--csv or --query"]),
            (["metric", "--no-header"], ["--no-header", "--csv or --query"]),
            (["--query=index,nope"], ["'nope'"]),
            (["--query=index,"], ["''"]),
            (["process", "--query=uuid"], ["'uuid'", "process --csv"]),
            (["explain", "HANG", "STACK"], ["one name", "'STACK'"]),
            (["explain", "--csv"], ["--json", "--csv"]),
            (["explain", "-w", "1"], ["-w"]),
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
    assert run("accel-smi", "explain", "HANG", emulator=False).returncode == 0
    for verb in VERBS:
        expect_refusal(run("accel-smi", *verb, emulator=False), 9, "no /dev/accel node", "insmod")


def version_and_help():
    assert smi("--version").startswith("accel-smi 1.")
    usage = smi("--help")
    for word in ("list", "static", "metric", "process", "event", "health", "topo", "top", "diag", "dump", "explain", "--json",
                 "--csv", "--query", "--no-header", "--no-units", "-d,", "-w,", "-i,", "-o,", "Exit status"):
        assert word in usage, word


if __name__ == "__main__":
    sys.exit(main([json_matches_the_schema, schema_refuses_what_is_wrong,
                   json_tells_the_chips_properties, static_tells_the_identity,
                   health_of_a_sound_device_passes, events_are_counted, csv_has_the_keys_of_json,
                   csv_has_units_and_quotes, a_query_chooses_fields, explain_knows_every_entry,
                   an_errno_means_one_thing, top_is_a_view_after_the_other,
                   top_gives_the_terminal_back, a_dump_has_what_the_other_verbs_have, diag_passes_on_a_sound_device,
                   diag_notices_what_was_not_done, diag_of_a_full_device_is_skipped, output_goes_to_a_file_when_it_is_whole,
                   explain_knows_what_functions_return, explain_refuses_what_it_does_not_know,
                   text_fits_80_columns, text_names_the_device,
                   pipes_get_no_colours, watching_prints_one_line_each_time,
                   devices_are_chosen_by_index_address_and_uuid, a_device_that_is_not_there_is_6,
                   wrong_usage_is_2, no_driver_is_9, version_and_help]))
