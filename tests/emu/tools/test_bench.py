#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Description: accel-bench measures what it says and notices a library that does not do its work."""

import csv
import io
import json
import math
import os
import statistics
import sys

sys.path.insert(0, "tests/emu/tools")
from checks import expect_refusal, main, run  # noqa: E402

BROKEN = "tests/emu/tools/accel-bench-broken"
TYPES = "f32 f16 bf16 int8 q8_0 q4_0 q4_1 q5_0 q5_1 q4_k q5_k q6_k".split()
CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
MODEL = os.path.join(CACHE, "axon", "models", "gemma3-270m-q4_k_m.gguf")


def bench(*arguments):
    """Its output; it must succeed in silence."""
    done = run("accel-bench", *arguments)
    assert done.returncode == 0, f"{arguments}: status {done.returncode}: {done.stderr}"
    assert not done.stderr, done.stderr
    return done.stdout


def rows(*arguments):
    """The measurements as dictionaries."""
    return json.loads(bench(*arguments, "--json"))


def expect_wrong(environment, *arguments):
    """The broken library's work is noticed: status 1 and what was expected and found."""
    done = run(BROKEN, *arguments, **environment)
    assert done.returncode == 1, f"{environment}: {done.returncode} {done.stdout} {done.stderr}"
    assert "expected" in done.stderr and "found" in done.stderr, done.stderr


def launch_counts_and_times():
    stream, user, ioctl = rows("launch", "-l", "100", "-s", "5", "-r", "2")
    assert stream["launches"] == 100 and stream["repetitions"] == 2
    assert "user queue" in user["test"] and "ioctl" in ioctl["test"], (user, ioctl)
    for row in (user, ioctl):
        assert row["launches"] == 1 and row["repetitions"] == 5, row
    for row in (stream, user, ioctl):
        assert 0 < row["min_us"] <= row["median_us"] < 1e6, row


def a_submission_is_held_against_its_floor():
    doorbell, _, user, _ = rows("launch", "--floor", "-l", "10", "-s", "5")
    assert "doorbell" in doorbell["test"] and doorbell["modelled_cycles"] == 0, doorbell
    assert doorbell["median_us"] > 0, doorbell
    assert math.isclose(user["bound_us"], 3 * doorbell["median_us"], rel_tol=1e-3), user
    assert math.isclose(user["of_bound"], user["median_us"] / user["bound_us"], rel_tol=1e-3), user


def modelled_cycles_do_not_depend_on_the_host():
    first, second = (rows("launch", "-l", "50", "-s", "2", "-r", "1") for _ in range(2))
    for a, b in zip(first, second):
        assert a["modelled_cycles"] == b["modelled_cycles"] > 0
    first, second = (rows("matmul", "-s", "33x100x256", "-t", "q4_k", "-r", "1") for _ in range(2))
    assert first[0]["modelled_cycles"] == second[0]["modelled_cycles"] > 0


def a_launch_that_did_not_run_is_noticed():
    for number in ("1", "2", "7"):  # of either queue alone, and in the stream
        expect_wrong({"AXON_BROKEN_LAUNCH": number}, "launch", "-l", "6", "-s", "2", "-r", "1")


def copy_rates():
    result = rows("copy", "-s", "1,2", "-r", "2")
    assert [(row["direction"], row["bytes"]) for row in result] == [
        ("system to device", 1 << 20), ("device to system", 1 << 20),
        ("system to device", 2 << 20), ("device to system", 2 << 20)]
    for row in result:
        assert math.isclose(row["gb_per_s"], row["bytes"] / row["median_ns"], rel_tol=1e-3), row
        # docs/hardware.md: COPY costs 100 + bytes / 32 cycles, TIMESTAMP 10.
        assert row["modelled_cycles"] == 100 + row["bytes"] // 32 + 10, row


def a_byte_that_was_not_copied_is_noticed():
    for number in ("1", "2", "3", "4"):  # there, back, and again
        expect_wrong({"AXON_BROKEN_COPY": number}, "copy", "-s", "1", "-r", "1")


def matmul_of_every_type_is_right():
    shapes = ["1x16x256", "5x33x512", "67x129x256"]
    result = rows("matmul", "-t", ",".join(TYPES), "-s", ",".join(shapes), "-r", "1")
    assert [row["type"] for row in result] == TYPES * len(shapes)
    for row in result:
        operations = 2 * row["m"] * row["n"] * row["k"]
        assert math.isclose(row["gop_per_s"], operations / row["median_ns"],
                            rel_tol=1e-3, abs_tol=1e-6), row
        assert 0 < row["modelled_matrix_utilization"] <= 1, row


def matmul_of_odd_sizes_is_right():
    dense, shapes = "f32,f16,bf16,int8", "1x1x1,3x7x5,13x17x1"
    assert len(rows("matmul", "-t", dense, "-s", shapes, "-r", "1")) == 12


def a_product_that_is_wrong_is_noticed():
    # The first launch packs W, the second multiplies; the first copy brings A.
    for broken in ({"AXON_BROKEN_LAUNCH": "1"}, {"AXON_BROKEN_LAUNCH": "2"}):
        for name in TYPES:
            expect_wrong(broken, "matmul", "-t", name, "-s", "4x32x256", "-r", "1")
    # Without its last byte one element of A is wrong, and with it one row of C.
    for name in ("f32", "int8", "q8_0"):
        expect_wrong({"AXON_BROKEN_COPY": "1"}, "matmul", "-t", name, "-s", "1x64x32", "-r", "1")


def llm_has_llama_benchs_fields():
    if not os.path.exists(MODEL):
        return
    prompt, generation = rows("llm", "-m", MODEL, "-p", "8", "-n", "4", "-r", "3")
    assert (prompt["n_prompt"], prompt["n_gen"]) == (8, 0)
    assert (generation["n_prompt"], generation["n_gen"]) == (0, 4)
    for row, tokens in ((prompt, 8), (generation, 4)):
        assert row["model_filename"] == MODEL and row["backends"] == "axon"
        assert row["model_n_params"] > 0 and row["model_size"] > 0
        assert len(row["samples_ns"]) == len(row["samples_ts"]) == 3
        for ns, ts in zip(row["samples_ns"], row["samples_ts"]):
            assert math.isclose(ts, tokens * 1e9 / ns, rel_tol=1e-9)
        assert math.isclose(row["avg_ts"], statistics.mean(row["samples_ts"]), rel_tol=1e-6)
        assert math.isclose(row["stddev_ts"], statistics.stdev(row["samples_ts"]), abs_tol=1e-5)
        assert math.isclose(row["avg_ns"], statistics.mean(row["samples_ns"]), rel_tol=1e-6)
        assert 0 < row["matrix_use"] < 1 and row["modelled_cycles"] > 0, row
    assert rows("llm", "-m", MODEL, "-p", "8", "-n", "0", "-r", "1")[0]["modelled_cycles"] == prompt["modelled_cycles"]


def llm_prints_llama_benchs_columns():
    if not os.path.exists(MODEL):
        return
    heading, rule, row = bench("llm", "-m", MODEL, "-p", "4", "-n", "0", "-r", "1").splitlines()
    titles = [title.strip() for title in heading.strip("|").split("|")]
    assert titles == ["model", "size", "params", "backend", "cores", "test", "t/s", "cycles/token", "matrix use"], titles
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[5] == "pp4" and cells[6].endswith("± 0.00"), cells
    assert len(heading) == len(rule) == len(row)


def batched_has_llama_batched_benchs_fields():
    if not os.path.exists(MODEL):
        return
    result = rows("batched", "-m", MODEL, "-npp", "20", "-ntg", "3", "-npl", "1,3")
    assert [row["pl"] for row in result] == [1, 3]
    for row in result:
        assert (row["pp"], row["tg"], row["n_kv"]) == (20, 3, 23 * row["pl"]), row
        assert math.isclose(row["speed_pp"], 20 * row["pl"] / row["t_pp"], rel_tol=1e-3), row
        assert math.isclose(row["speed_tg"], 3 * row["pl"] / row["t_tg"], rel_tol=1e-3), row
        assert math.isclose(row["t"], row["t_pp"] + row["t_tg"], rel_tol=1e-3), row
        assert math.isclose(row["speed"], row["n_kv"] / row["t"], rel_tol=1e-3), row
    # One reading of the weights serves all three: a token costs far less than alone.
    assert 0 < 2 * result[1]["modelled_cycles"] < result[0]["modelled_cycles"], result


def csv_has_a_field_in_each_column():
    text = bench("launch", "-l", "3", "-s", "2", "-o", "csv")
    heading, first, *others = csv.reader(io.StringIO(text))
    assert len(others) == 2 and all(len(row) == len(heading) for row in (first, *others))
    assert dict(zip(heading, first))["launches"] == "3"


def wrong_usage_is_2():
    for arguments, words in (
            ([], ["expected a command"]),
            (["train"], ["'train'"]),
            (["llm"], ["-m FILE"]),
            (["llm", "-m", "x", "-p", "0", "-n", "0"], ["-p N or -n N"]),
            (["llm", "-m", "x", "-p", "12,x"], ["'x'"]),
            (["llm", "-m", "x", "-r", "0"], ["'0'"]),
            (["batched"], ["-m FILE"]),
            (["batched", "-m", "x", "-npl", "0"], ["'0'"]),
            (["matmul", "-s", "1x2"], ["MxNxK", "'1x2'"]),
            (["matmul", "-s", "1x2x3x4"], ["'1x2x3x4'"]),
            (["matmul", "-s", "0x2x3"], ["'0x2x3'"]),
            (["matmul", "-s", "4x4x99999999999"], ["65536"]),
            (["matmul", "-t", "q2_k"], ["q6_k", "'q2_k'"]),
            (["matmul", "-t", "q4_k", "-s", "1x16x128"], ["multiple of 256", "128"]),
            (["copy", "-s", "0"], ["'0'"]),
            (["copy", "-s", "-1"], ["'-1'"]),
            (["launch", "-o", "xml"], ["'xml'"])):
        expect_refusal(run("accel-bench", *arguments), 2, "accel-bench", *words)


def what_cannot_run_is_1():
    expect_refusal(run("accel-bench", "llm", "-m", "/nonexistent"), 1, "/nonexistent")
    done = run("accel-bench", "copy", "-s", "64", AXON_EMU_VRAM="16M")
    assert done.returncode == 1 and "--vram" in done.stderr, done.stderr
    done = run("accel-bench", "matmul", "-t", "f32", "-s", "1x65536x1", "--device", "5")
    assert done.returncode == 1 and "no such accelerator" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.exit(main([launch_counts_and_times, a_submission_is_held_against_its_floor,
                   modelled_cycles_do_not_depend_on_the_host,
                   a_launch_that_did_not_run_is_noticed, copy_rates,
                   a_byte_that_was_not_copied_is_noticed, matmul_of_every_type_is_right,
                   matmul_of_odd_sizes_is_right, a_product_that_is_wrong_is_noticed,
                   llm_has_llama_benchs_fields, llm_prints_llama_benchs_columns,
                   batched_has_llama_batched_benchs_fields, csv_has_a_field_in_each_column, wrong_usage_is_2, what_cannot_run_is_1]))
