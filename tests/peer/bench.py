#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: "$(mk/venv.sh)" tests/peer/bench.py [--pairs N] [--rows KIND,...] [--model NAME|FILE]
       tests/peer/bench.py --write-docs build/bench.json

Measures Axon, in the VM and through the driver, beside llama.cpp and the host's own peak on the same
machine; docs/performance.md says how. Prints the table, writes build/bench.json and
build/roofline.svg. --write-docs puts such a file's tables and picture into docs/ and README.md.
Ends with 0 if everything was measured, whatever the figures are.
"""

import argparse
import dataclasses
import functools
import json
import os
import re
import signal
import statistics
import sys
import time

sys.dont_write_bytecode = True
import models  # noqa: E402
import pairs as pairing  # noqa: E402
import rows as table  # noqa: E402
import sides  # noqa: E402
from command import ROOT, Failed, run  # noqa: E402

SCHEMA_VERSION = 3
# In the table's order.
KINDS = ("decode", "prefill", "batched", "matrix", "copy", "launch", "in-process", "first-token", "resident")
DEFAULT_MODEL = "gemma3-270m-q4_k_m"
SEVERAL = {"Q8_0": 2.5, "Q4_0": 1.4}  # how many times llama.cpp's speed with several sequences


@dataclasses.dataclass
class Group:
    """Rows that share their samples. seconds: of one pair, on a machine with two CPUs. model: of which
    llama.cpp's best numbers of threads are to be known."""
    name: str
    seconds: float
    sides: dict
    rows: list = dataclasses.field(default_factory=list)
    model: str = ""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


# ---- what is measured ----

def llm_group(name, title, path, kinds, seconds, prefill_bars, in_process=False):
    """A model beside llama.cpp, and in-process."""
    rows = [row for row in table.llm_rows(name, title, models.cost(path), prefill_bars) if row.kind in kinds]
    measured = [row.kind for row in rows]
    if in_process and "in-process" in kinds:
        rows.append(table.in_process_row(name, title))
    compared = {"axon": lambda: sides.axon_llm(path, measured or ["decode"])}
    if measured:
        compared["llama.cpp"] = lambda: sides.peer_llm(path, measured, threads(path))
    if in_process and "in-process" in kinds:
        compared["in-process"] = lambda: sides.axon_llm(path, ["decode"], vm=False)
    return Group(name, seconds, compared, rows, path if measured else "")


@functools.lru_cache(maxsize=None)
def threads(path):
    """llama.cpp's best numbers of threads, found once for each model, while the machine stays as fast as it is."""
    return sides.best_threads(pairing.steadily(lambda: sides.trial_of_threads(path), sides.host_probe))


def made_by(*command):
    """The path that a maker of models prints; it shows its own progress."""
    return run(command, limit=1800, errors=None)[0].strip()


def random_model(qtype):
    """Its path, and its name in the table."""
    return made_by(sys.executable, "tests/peer/llama_1b.py", qtype), f"llama 1.1B {qtype}"


def default_model(name):
    path = made_by("mk/fetch_model.py", name)
    return path, os.path.basename(path).removesuffix(".gguf")


def model_groups(kinds, model):
    """Those that need a model, made or fetched here."""
    path = title = None
    if set(kinds) & {"decode", "prefill", "in-process", "first-token", "resident"}:
        path, title = default_model(model)
        if set(kinds) & {"decode", "prefill", "in-process"}:
            yield llm_group("default", title, path, kinds, 24, (("ratio", table.LEAST, 1),), in_process=True)
    if set(kinds) & {"decode", "prefill", "batched"}:
        for qtype, seconds in (("Q8_0", 56), ("Q4_0", 38)):
            random, name = random_model(qtype)
            if set(kinds) & {"decode", "prefill"}:
                bars = (("ratio", table.LEAST, 2), ("share", table.LEAST, 0.5)) if qtype == "Q8_0" else (
                    ("ratio", table.LEAST, 1),)
                yield llm_group(qtype, name, random, kinds, seconds, bars)
            if "batched" in kinds:
                yield Group(f"batched {qtype}", seconds,
                            {"axon": functools.partial(sides.axon_batched, random),
                             "llama.cpp": lambda path=random: sides.peer_batched(path, threads(path))},
                            [table.batched_row(qtype, name, models.cost(random), SEVERAL[qtype])], random)
    if "first-token" in kinds:
        yield Group("first-token", 11, {"axon": lambda: sides.axon_first_token(path)})
    if "resident" in kinds:
        yield Group("resident", 16, {"axon": lambda: sides.axon_resident(path)})


def all_groups(kinds, model):
    groups = list(model_groups(kinds, model))
    if "matrix" in kinds:
        groups.append(Group("matrix", 30, {"axon": sides.axon_matrix, "host": sides.host_matrix},
                            list(table.matrix_rows())))
    if "copy" in kinds:
        groups.append(Group("copy", 17, {"axon": sides.axon_copy, "host": sides.host_copy}))
    if "launch" in kinds:
        groups.append(Group("launch", 10, {"axon": sides.axon_launch}))
    for group in groups:
        group.rows = group.rows or [row for row in table.other_rows() if row.kind == group.name]
    return groups


# ---- a run ----

def figures(values):
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items() if "_modelled_" not in name
                     and "_matrix_use" not in name)


def measure_group(group, wanted, probe=sides.host_probe):
    """The pairs, or what went wrong."""
    names = sorted({name for row in group.rows for name in row.probes})
    say(f"== {group.name}: {wanted} pairs, about {wanted * group.seconds / 60:.1f} min")

    last = time.monotonic()

    def tell(pair):
        nonlocal last
        seconds, last = time.monotonic() - last, time.monotonic()
        for side, values in pair.samples.items():
            say(f"    {side}: {figures(values)}")
        say(f"    in {seconds:.0f} s; the machine moved by {100 * pair.moved(names):.0f} %"
            + ("" if pair.steady(names) else ": to be repeated"))

    try:
        if group.model:
            say(f"    llama.cpp's best threads: {figures(threads(group.model))}")
            last = time.monotonic()
        return pairing.measure(group.sides, probe, names, wanted, tell), None
    except Failed as failed:
        say(f"    {failed}")
        return [], str(failed)


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    return found[1].strip() if found else "an unnamed CPU"


def accelerator():
    """Whether the VM runs on KVM; tools/vm keeps what it found for this boot of the host."""
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "axon")
    try:
        with open(os.path.join(cache, "kvm"), encoding="ascii") as file:
            return "KVM" if os.access("/dev/kvm", os.R_OK | os.W_OK) and "works" in file.read() else "TCG"
    except FileNotFoundError:
        return "TCG"


def peer_version():
    try:
        return run(["mk/peer.sh", "--version"], limit=1800, errors=None)[0].split()[1]
    except (Failed, IndexError) as error:
        say(f"    llama.cpp: {error}")
        return "not there"


def probes_of(groups):
    """Medians over everything that was measured."""
    found = {}
    for group in groups.values():
        for pair in group["pairs"]:
            for probe in pair["probes"]:
                for name, value in probe.items():
                    found.setdefault(name, []).append(value)
            if "host" in pair["samples"]:
                for name, value in pair["samples"]["host"].items():
                    found.setdefault(name, []).append(value)
    return {name: statistics.median(values) for name, values in found.items()}


def save(report, path):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".new", path)


def draw(source, picture):
    """With the plotting library of the tests' own environment."""
    python = run(["mk/venv.sh"])[0].strip()
    run([python, "tests/peer/roofline.py", os.path.abspath(source), picture])


def bench(options):
    start = time.monotonic()
    version = peer_version()
    say(f"llama.cpp {version}")
    groups = all_groups(options.rows, options.model)
    usual = sum(group.seconds for group in groups) * options.pairs / 60
    most = usual * (1 + pairing.repeats(options.pairs) / options.pairs)
    say(f"about {usual:.0f} min; at most {most:.0f} where the machine's speed changes")
    report = {"schema_version": SCHEMA_VERSION, "date": time.strftime("%F"), "cpu": cpu_name(), "cpus": sides.CPUS,
              "accelerator": accelerator(), "llama.cpp": version, "wanted": options.pairs, "complete": False,
              "threads": {}, "groups": {}, "probes": {}, "rows": []}
    path = os.path.join(ROOT, "build", "bench.json")
    for group in groups:
        pairs, why = measure_group(group, options.pairs)
        report["groups"][group.name] = {"pairs": [dataclasses.asdict(pair) for pair in pairs]}
        if group.model and pairs:
            report["threads"][group.name] = threads(group.model)
        report["rows"] += ([table.failure(row, why) for row in group.rows] if why else
                           table.results(group.rows, pairs, options.pairs))
        report["rows"].sort(key=lambda made: KINDS.index(made["kind"]))
        report["probes"] = probes_of(report["groups"])
        save(report, path)
    report["complete"] = True
    save(report, path)
    print(table.markdown(report), end="")
    draw(path, os.path.join(ROOT, "build", "roofline.svg"))
    say(f"in {(time.monotonic() - start) / 60:.1f} min; all numbers: build/bench.json; build/roofline.svg")
    failed = [made["title"] for made in report["rows"] if "failed" in made]
    if failed:
        sys.exit(f"bench.py: not measured: {'; '.join(failed)}")


# ---- documents ----

def replace_between(text, name, new):
    """The lines between two markers of that name."""
    pattern = re.compile(rf"(<!-- {name}: begin[^>]*-->\n).*?(<!-- {name}: end -->)", re.S)
    changed, count = pattern.subn(lambda match: match[1] + new + match[2], text)
    if count != 1:
        raise ValueError(f"expected one pair of markers '{name}: begin' and '{name}: end', found {count}")
    return changed


def check_whole(report):
    """What goes into the documents is one run of everything, its failures included."""
    if report.get("schema_version") != SCHEMA_VERSION:
        raise Failed(f"expected a run of version {SCHEMA_VERSION}, found {report.get('schema_version')}: "
                     "run 'make bench'")
    if not report["complete"]:
        raise Failed("expected a run that came to its end, found one that was stopped: run 'make bench'")
    missing = set(KINDS) - {made["kind"] for made in report["rows"]}
    if missing:
        raise Failed(f"expected rows of every kind, found none of {', '.join(sorted(missing))}: run 'make bench'")


def write_docs(source):
    with open(source, encoding="utf-8") as file:
        report = json.load(file)
    check_whole(report)
    picture = "\n![Axon and llama.cpp under the roofs of the host](roofline.svg)\n"
    for name, marker, text in (("docs/performance.md", "figures", table.markdown(report) + picture),
                               ("README.md", "speed", table.speed_markdown(report))):
        path = os.path.join(ROOT, name)
        with open(path, encoding="utf-8") as file:
            changed = replace_between(file.read(), marker, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
    draw(source, os.path.join(ROOT, "docs", "roofline.svg"))


def parse_arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n", maxsplit=1)[0].removeprefix("usage: "))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rows", default=",".join(KINDS))
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--write-docs", metavar="FILE")
    options = parser.parse_args()
    options.rows = [kind for kind in options.rows.split(",") if kind]
    unknown = [kind for kind in options.rows if kind not in KINDS]
    if unknown or not options.rows:
        parser.error(f"expected rows of {', '.join(KINDS)}; found {', '.join(unknown) or 'none'}")
    if options.pairs < 1:
        parser.error(f"expected at least 1 pair, found {options.pairs}")
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if options.write_docs:
            write_docs(options.write_docs)
        else:
            bench(options)
    except (Failed, ValueError, OSError) as error:
        sys.exit(f"bench.py: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
