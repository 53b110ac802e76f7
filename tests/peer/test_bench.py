#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The harness of `make bench`: which pairs count, what the medians are, what is met, what a program
that is missing or fails leads to. Nothing here is timed."""

import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "emu", "tools")]
sys.dont_write_bytecode = True
import bench  # noqa: E402
import checks  # noqa: E402
import command  # noqa: E402
import models  # noqa: E402
import pairs as pairing  # noqa: E402
import resident  # noqa: E402
import rows as table  # noqa: E402
import sides  # noqa: E402


def expect(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


def near(found, expected):
    assert abs(found - expected) <= 1e-9 * abs(expected), f"expected {expected}, found {found}"


def counting(values):
    """A function that returns these one after the other, and counts in .calls."""
    iterator = iter(values)

    def call():
        call.calls += 1
        return next(iterator)
    call.calls = 0
    return call


def pair(ours, theirs, int8=(100, 100, 100), read=(10, 10, 10)):
    return pairing.Pair([{"int8": i, "read": r} for i, r in zip(int8, read)],
                        {"axon": {"decode": ours}, "llama.cpp": {"decode": theirs}})


ROW = table.Row("row", "decode", "a row", "tok/s", ("axon", "decode"), ("llama.cpp", "decode"), "llama.cpp",
                (("ratio", table.LEAST, 0.95),))


def steady_pairs_suffice():
    ours, theirs = counting([1, 2, 3]), counting([4, 5, 6])
    probe = counting({"int8": value} for value in (100, 104, 100, 105, 100, 100, 101))
    found = pairing.measure({"axon": ours, "llama.cpp": theirs}, probe, ["int8"], 3)
    expect([(p.samples["axon"], p.samples["llama.cpp"]) for p in found], [(1, 4), (2, 5), (3, 6)])
    expect(probe.calls, 7)  # the last one of a pair is the first of the next
    expect([p["int8"] for p in found[1].probes], [100, 105, 100])


def unsteady_pair_is_dropped():
    # The second pair's last probe is 5.1 % below its first: it is repeated, and does not count.
    probe = counting({"int8": value} for value in (105.1, 105.1, 105.1, 105.1, 100, 100, 100, 100, 100))
    ours, theirs = counting([10, 999, 12, 14]), counting([1, 1, 1, 1])
    side = {"axon": lambda: {"decode": ours()}, "llama.cpp": lambda: {"decode": theirs()}}
    found = pairing.measure(side, probe, ["int8"], 3)
    expect(len(found), 4)
    kept = pairing.keep(found, ["int8"], 3)
    expect(sorted(p.samples["axon"]["decode"] for p in kept), [10, 12, 14])
    expect(pairing.median(kept, "axon", "decode"), 12)


def exactly_five_percent_is_steady():
    assert pair(1, 1, int8=(100, 105, 100)).steady(["int8"])
    assert not pair(1, 1, int8=(100, 105.01, 100)).steady(["int8"])
    assert not pair(1, 1, read=(10, 9, 10)).steady(["int8", "read"])
    assert pair(1, 1, read=(10, 9, 10)).steady(["int8"])  # where memory does not bound the row


def repeats_are_bounded():
    def sample():
        return {"decode": 1}
    for wanted, most in ((1, 2), (2, 3), (5, 8)):
        numbers = iter(range(100, 1000, 10))
        found = pairing.measure({"axon": sample}, lambda n=numbers: {"int8": next(n)}, ["int8"], wanted)
        expect(len(found), most)
        kept = pairing.keep(found, ["int8"], wanted)
        expect([p.probes[0]["int8"] for p in kept], [p.probes[0]["int8"] for p in reversed(found)][:wanted])


def threads_are_chosen_while_steady():
    trials = counting([["disturbed"], ["steady"], ["too many"]])
    probe = counting({"int8": value} for value in (100, 50, 51, 100))
    expect(pairing.steadily(trials, probe), ["steady"])
    expect((trials.calls, probe.calls), (2, 3))
    never = counting({"int8": value} for value in (100, 50, 100, 50))
    expect(pairing.steadily(counting([[1], [2], [3], [4]]), never), [1, 2, 3])
    rows = [{"n_gen": 0, "n_threads": 2, "samples_ts": [1, 9]}, {"n_gen": 0, "n_threads": 1, "samples_ts": [8, 8]},
            {"n_gen": 4, "n_threads": 2, "samples_ts": [3]}, {"n_gen": 4, "n_threads": 1, "samples_ts": [4]}]
    expect(sides.best_threads(rows), {"prefill": 2, "decode": 1})


def result_says_what_was_unsteady():
    found = [pair(10, 10), pair(20, 10, int8=(100, 100, 90)), pair(30, 10)]
    (made,) = table.results([ROW], found, 3)
    expect((made["unsteady"], made["pairs"], made["measured"]), (1, 3, 3))
    assert "1 of 3 pairs unsteady" in table.table_line(made)
    (made,) = table.results([ROW], found, 2)
    expect((made["unsteady"], made["pairs"], made["ours"]), (0, 2, 20))
    assert "unsteady" not in table.table_line(made)


def ratio_of_medians():
    (made,) = table.results([ROW], [pair(10, 20), pair(60, 10), pair(20, 40)], 3)
    expect((made["ours"], made["theirs"], made["ratio"]), (20, 20, 1))
    expect((made["least"], made["most"]), (0.5, 6))


def verdicts():
    for ours, met in ((95, True), (94.9, False)):
        (made,) = table.results([ROW], [pair(ours, 100)], 1)
        expect(made["met"], met)
        expect("**not met**" in table.table_line(made), not met)
    both = table.Row("both", "prefill", "two bars", "tok/s", ("axon", "decode"), ("llama.cpp", "decode"), "llama.cpp",
                     (("ratio", table.LEAST, 2), ("share", table.LEAST, 0.5)), table.COMPUTE, "int8", 2.0)
    for ours, theirs, met in ((25, 12.5, True), (24, 10, False), (30, 16, False)):
        (made,) = table.results([both], [pair(ours, theirs)], 1)
        near(made["share"], ours * 2 / 100)
        expect(made["met"], met)
    most = table.Row("most", "launch", "at most", "µs", ("axon", "decode"), bars=(("ours", table.MOST, 1),))
    expect([table.results([most], [pair(value, 1)], 1)[0]["met"] for value in (1, 1.01)], [True, False])


def missing_figure_fails_its_row_only():
    other = table.Row("other", "launch", "another row", "µs", ("axon", "nowhere"))
    made = table.results([ROW, other], [pair(1, 1)], 1)
    expect(["failed" in m for m in made], [False, True])
    assert "nowhere" in table.table_line(made[1])


def what_qemu_may_hold():
    said = '{"devices": [{"memory_used_bytes": 314572800}]}\nMemTotal: 2020000 kB\nMemFree:   1048576 kB\n'
    expect(resident.figures(said, 1600 * 1024), {"resident": 1600, "guest_used": 1024, "device_used": 300,
                                                 "overhead": 276, "allowed": 1452})


def failing_programs_are_named():
    for words, expected in ((["build/no-such-tool", "launch"], "build/no-such-tool: not found"),
                            (["tests/lint/no-such"], "tests/lint/no-such: not found")):
        try:
            command.run(words)
        except command.Failed as failed:
            assert expected in str(failed), f"expected {expected!r} in {failed}"
        else:
            raise AssertionError(f"expected {words} to fail")
    said = "accel-bench: unrecognized option '--floor'\nTry `accel-bench --help' for more\ninformation.\n" \
           "tools/vm: the command returned 2\n"
    expect(command.reason(["tools/vm", "--", "build/accel-bench"], said), said.splitlines()[0])
    expect(command.reason(["tools/vm"], "tools/vm: the kernel complained\n"), "tools/vm: the kernel complained")
    expect(command.reason(["mk/peer.sh"], "loading\nno such model\n"), "no such model")
    expect(command.reason(["mk/peer.sh"], ""), "without a word")


def failure_is_a_row():
    def broken():
        raise command.Failed("llama-bench: not there")
    group = bench.Group("broken", 1, {"axon": broken}, [ROW])
    pairs, why = quietly(lambda: bench.measure_group(group, 1, lambda: {"int8": 1}))
    expect((pairs, why), ([], "llama-bench: not there"))
    line = table.table_line(table.failure(ROW, why))
    assert "not measured: llama-bench: not there" in line and "≥ 0.95 ×" in line, line
    expect(line.count("|"), table.table_line(table.results([ROW], [pair(1, 1)], 1)[0]).count("|"))


def quietly(function):
    """Without the progress on standard error."""
    kept, sys.stderr = sys.stderr, open(os.devnull, "w", encoding="ascii")
    try:
        return function()
    finally:
        sys.stderr.close()
        sys.stderr = kept


INTERRUPTED = """
import signal, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import command
command.run([sys.argv[2], "-c", f"sleep 1000 & echo $! >{sys.argv[3]}; wait"])
"""


def interrupt_ends_what_runs():
    """Also what a program has started itself."""
    shell = os.path.relpath("/bin/sh", ROOT)
    until = time.monotonic() + 60
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as file:
        process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, HERE, shell, file.name],
                                   stderr=subprocess.DEVNULL)
        while not (child := open(file.name, encoding="ascii").read()).endswith("\n"):
            assert time.monotonic() < until, "expected the program to start, found nothing"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    while alive(int(child)):
        assert time.monotonic() < until, "expected the program to be gone, found it running"
        time.sleep(0.02)


def alive(process):
    """A zombie that nobody has waited for is none."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def figures_of_llama_bench():
    rows = [{"n_gen": 0, "avg_ts": 50}, {"n_gen": 0, "avg_ts": 60}, {"n_gen": 8, "avg_ts": 7, "modelled_cycles": 9},
            {"n_gen": 8, "avg_ts": 6, "modelled_cycles": 1}]
    expect(sides.llm_figures(rows), {"prefill": 60, "decode": 7, "decode_modelled_cycles": 9})
    expect(sides.batched_figures({"speed_tg": 4, "speed_pp": 9, "matrix_use": 0.5}),
           {"decode": 4, "prefill": 9, "decode_matrix_use": 0.5})


def costs():
    cost = models.Cost(layer_weights=1000, layer_bytes=1100, output_weights=200, output_bytes=220, cache_bytes=3)
    expect(cost.decode_ops(), 2400)
    expect(cost.decode_bytes(10), 1350)
    expect(cost.decode_bytes(10, sequences=4), 360)
    expect(cost.prefill_ops(100), 2004)  # only the last token passes the output
    made = {row.kind: row for row in table.llm_rows("m", "m", cost, ())}
    near(made["decode"].per_unit, (1320 + 3 * 64) * 1e-9)
    near(made["prefill"].per_unit, 2 * (1000 + 200 / 512) * 1e-9)
    matrix = {row.key: row for row in table.matrix_rows()}
    expect(len(matrix), 15)
    expect([row.bars for row in matrix.values() if "512x640" in row.key], [(), (), ()])
    near(matrix["bf16 512x640x2048"].ops / matrix["bf16 512x640x2048"].bytes,
         2 * 512 * 640 * 2048 / (2 * (512 + 640) * 2048 + 4 * 512 * 640))


def documents_keep_what_is_around():
    text = "a\n<!-- figures: begin (made) -->\nold\n<!-- figures: end -->\nb\n"
    expect(bench.replace_between(text, "figures", "new \\1\n"),
           "a\n<!-- figures: begin (made) -->\nnew \\1\n<!-- figures: end -->\nb\n")
    for broken in ("no markers", text + text):
        try:
            bench.replace_between(broken, "figures", "new\n")
        except ValueError as error:
            assert "figures" in str(error)
        else:
            raise AssertionError("expected a refusal")
    for name, marker in (("docs/performance.md", "figures"), ("README.md", "speed")):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            bench.replace_between(file.read(), marker, "")


def only_a_whole_run_is_documented():
    rows = [{"kind": kind} for kind in bench.KINDS]
    whole = {"schema_version": bench.SCHEMA_VERSION, "complete": True, "rows": rows}
    bench.check_whole(whole)
    for change, word in (({"schema_version": 2}, "version"), ({"complete": False}, "stopped"),
                         ({"rows": rows[1:]}, "decode")):
        try:
            bench.check_whole({**whole, **change})
        except command.Failed as failed:
            assert word in str(failed), f"expected {word!r} in {failed}"
        else:
            raise AssertionError(f"expected a refusal of {change}")


def every_kind_has_rows():
    cost = models.Cost(1, 1, 1, 1, 1)
    rows = [*table.llm_rows("m", "m", cost, ()), table.in_process_row("m", "m"), table.batched_row("m", "m", cost, 1),
            *table.matrix_rows(), *table.other_rows()]
    expect({row.kind for row in rows}, set(bench.KINDS))
    expect(len({row.key for row in rows}), len(rows))


TESTS = (steady_pairs_suffice, unsteady_pair_is_dropped, exactly_five_percent_is_steady, repeats_are_bounded,
         threads_are_chosen_while_steady,
         result_says_what_was_unsteady, ratio_of_medians, verdicts, missing_figure_fails_its_row_only,
         what_qemu_may_hold, failing_programs_are_named, failure_is_a_row, interrupt_ends_what_runs,
         figures_of_llama_bench, costs, documents_keep_what_is_around, only_a_whole_run_is_documented,
         every_kind_has_rows)

if __name__ == "__main__":
    sys.exit(checks.main(TESTS))
