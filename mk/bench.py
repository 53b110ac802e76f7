#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: mk/bench.py MODEL PAIRS

Measures a model on the accelerator, in the VM, beside llama.cpp running natively on the same
machine with its best thread count: alternating pairs, and the medians of both and of the ratio
within a pair. Then what else accel-bench measures. Prints tables, writes build/bench.json.
"""

import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PROMPT, GENERATED = 512, 64
KINDS = (("prefill", f"prefill, {PROMPT} tokens"), ("decode", f"decode, {GENERATED} tokens"))


def run_json(command):
    """A command's standard output as JSON, or None if it failed."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        return None
    return json.loads(done.stdout)


def best(rows):
    """The best tokens per second of each kind in llama-bench's JSON."""
    found = {"prefill": 0.0, "decode": 0.0}
    for row in rows:
        kind = "decode" if row["n_gen"] else "prefill"
        found[kind] = max(found[kind], row["avg_ts"])
    return found


def measure_pairs(model, pairs):
    """[{"axon": {...}, "peer": {...} or None}, ...]"""
    options = ["-m", model, "-p", str(PROMPT), "-n", str(GENERATED), "-r", "1", "-o", "json"]
    threads = ",".join(str(n) for n in sorted({1, max(1, os.cpu_count() // 2), os.cpu_count()}))
    results, peer_works = [], True
    for number in range(1, pairs + 1):
        print(f"    pair {number} of {pairs}", file=sys.stderr, flush=True)
        axon = run_json(["tools/vm", "--", "build/accel-bench", "llm", *options])
        if not axon:
            sys.exit("bench.py: accel-bench failed, see above")
        peer = None
        if peer_works:
            peer = run_json(["mk/peer.sh", "llama-bench", *options, "-t", threads])
            peer_works = peer is not None
        results.append({"axon": best(axon), "peer": best(peer) if peer else None})
    return results


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit() or int(sys.argv[2]) < 1:
        sys.exit(__doc__.splitlines()[0])
    model, pairs = sys.argv[1], int(sys.argv[2])
    results = measure_pairs(model, pairs)
    report = {"schema_version": 1, "model": os.path.basename(model), "pairs": results, "medians": {}}
    print(f"{'tokens per second':22} {'axon, in the VM':>16} {'llama.cpp':>11} {'ratio':>7}")
    for kind, title in KINDS:
        axon = statistics.median(r["axon"][kind] for r in results)
        both = [r for r in results if r["peer"]]
        peer = statistics.median(r["peer"][kind] for r in both) if both else None
        ratio = statistics.median(r["axon"][kind] / r["peer"][kind] for r in both) if both else None
        report["medians"][kind] = {"axon_tok_s": axon, "peer_tok_s": peer, "ratio": ratio}
        print(f"{title:22} {axon:16.1f} " +
              (f"{peer:11.1f} {ratio:7.2f}" if both else f"{'none':>11} {'':>7}"))
    for name in ("matmul", "copy", "launch"):
        rows = run_json(["tools/vm", "--", "build/accel-bench", name, "-o", "json"])
        report[name] = rows
        print(f"{name}: " + ("failed" if rows is None else "in build/bench.json"))
    with open(os.path.join(ROOT, "build", "bench.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    sys.exit(any(report[name] is None for name in ("matmul", "copy", "launch")))


if __name__ == "__main__":
    main()
