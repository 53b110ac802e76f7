#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: tests/peer/bench.py MODEL PAIRS

Measures a model on the accelerator, in the VM and through the driver, beside llama.cpp running
natively on the same machine with the better of its thread counts: alternating pairs, and the ratio
of the medians. Then what else accel-bench measures. Prints a table, writes build/bench.json.

A machine that others share changes its speed. What its cores can do is probed before, between and
after the two samples of a pair; a pair during which that moved by more than 5 % is measured again, up
to three times as often in all. Where that does not suffice, the steadiest pairs count, and the table
says so.
"""

import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
OPTIONS = ["-p", "512", "-n", "64", "-r", "1", "-o", "json"]
KINDS = {"prefill": "prefill, 512 tokens", "decode": "decode, 64 tokens"}
STEADY = 0.05
CPUS = os.cpu_count()
THREADS = ",".join(str(n) for n in sorted({1, max(1, CPUS // 2), CPUS}))


def output_of(command):
    """A command's standard output; its failure is ours."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"bench.py: {' '.join(command)}: ended with {done.returncode}")
    return done.stdout


def probe():
    """Gop/s of all cores together."""
    return float(output_of(["build/tests/peer/peak_probe", str(CPUS)]))


def speeds(rows):
    """Of llama-bench's rows the most tokens per second of each kind."""
    best = {}
    for row in rows:
        kind = "decode" if row["n_gen"] else "prefill"
        best[kind] = max(best.get(kind, 0), row["avg_ts"])
    return best


def measure_pair(model):
    """Both samples, and by how much the machine moved around them."""
    pair = {"probes": [probe()]}
    pair["axon"] = speeds(json.loads(output_of(
        ["tools/vm", "--", "build/accel-bench", "llm", "-m", model, *OPTIONS])))
    pair["probes"].append(probe())
    pair["llama.cpp"] = speeds(json.loads(output_of(
        ["mk/peer.sh", "llama-bench", "-m", model, *OPTIONS, "-t", THREADS])))
    pair["probes"].append(probe())
    pair["moved"] = max(pair["probes"]) / min(pair["probes"]) - 1
    return pair


def measure_pairs(model, wanted):
    """As many pairs, the steady ones where there are enough of them, and all that were measured."""
    pairs = []
    while len(pairs) < 3 * wanted and sum(pair["moved"] <= STEADY for pair in pairs) < wanted:
        pairs.append(measure_pair(model))
        pair = pairs[-1]
        print(f"    pair {len(pairs)}: " + ", ".join(
            f"{kind} {pair['axon'][kind]:.1f} to {pair['llama.cpp'][kind]:.1f}" for kind in KINDS) +
              f"; the machine moved by {100 * pair['moved']:.0f} %", file=sys.stderr, flush=True)
    return sorted(pairs, key=lambda pair: pair["moved"])[:wanted], pairs


def summary(pairs):
    """Medians, their ratio, and the least and most of the ratios within a pair, by kind."""
    result = {}
    for kind in KINDS:
        median = {who: statistics.median(pair[who][kind] for pair in pairs) for who in ("axon", "llama.cpp")}
        ratios = [pair["axon"][kind] / pair["llama.cpp"][kind] for pair in pairs]
        result[kind] = {**median, "ratio": median["axon"] / median["llama.cpp"],
                        "least": min(ratios), "most": max(ratios)}
    return result


def print_table(result, pairs, measured):
    print("| tokens per second | Axon, in the VM | llama.cpp, native | ratio | in single pairs |")
    print("|---|---:|---:|---:|---:|")
    for kind, title in KINDS.items():
        row = result[kind]
        print(f"| {title} | {row['axon']:.1f} | {row['llama.cpp']:.1f} | {row['ratio']:.2f} "
              f"| {row['least']:.2f} to {row['most']:.2f} |")
    unsteady = sum(pair["moved"] > STEADY for pair in pairs)
    print(f"\nmedians of {len(pairs)} pairs of {measured} measured"
          + (f"; during {unsteady} of them the machine's speed moved by more than 5 %" if unsteady else ""))


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit() or int(sys.argv[2]) < 1:
        sys.exit(__doc__.splitlines()[0])
    model = os.path.realpath(sys.argv[1])
    version = output_of(["mk/peer.sh", "--version"]).split()[1]
    pairs, measured = measure_pairs(model, int(sys.argv[2]))
    report = {"schema_version": 2, "date": time.strftime("%F"), "model": os.path.basename(model), "cpus": CPUS,
              "llama.cpp": version, "medians": summary(pairs), "pairs": pairs, "all_pairs": measured}
    print_table(report["medians"], pairs, len(measured))
    for name in ("matmul", "copy", "launch"):
        report[name] = json.loads(output_of(["tools/vm", "--", "build/accel-bench", name, "-o", "json"]))
    with open(os.path.join(ROOT, "build", "bench.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    print("all numbers, with those of matmul, copy and launch: build/bench.json")


if __name__ == "__main__":
    main()
