# SPDX-License-Identifier: MIT
"""What is run for a sample of each side, and which figures are taken from what it prints.

Every function returns {figure: number}; speeds are per second, times in microseconds unless named
otherwise.
"""

import json
import os
import re

from command import Failed, run

CPUS = os.cpu_count()
THREADS = sorted({1, max(1, CPUS // 2), CPUS})
PROBE = "build/tests/peer/peak_probe"
PROMPT, GENERATE = 512, 128
SEQUENCES, BATCH_PROMPT, BATCH_GENERATE = 8, 128, 32
BATCH = ["-npp", str(BATCH_PROMPT), "-ntg", str(BATCH_GENERATE), "-npl", str(SEQUENCES)]
SHAPES = ("1024x1024x1024", "2048x2048x2048", "4096x4096x4096", "512x640x2048", "1x2048x8192")
MATRIX_TYPES = {"f32": "fp32", "bf16": "bf16", "int8": "int8"}  # accel-bench's name: the probe's
# A model of 1.1 GB and its packed weights fit; without a word the launcher gives 1 GiB.
VM = ["tools/vm", "--vram", "2G", "--"]


def parsed(text, what):
    try:
        return json.loads(text)
    except ValueError:
        raise Failed(f"{what}: expected JSON, found '{text[:60].strip()}'") from None


def probe(name, threads=CPUS):
    return float(run([PROBE, str(threads), name])[0])


def host_probe():
    return {name: probe(name) for name in ("int8", "read")}


def accel_bench(arguments, vm=True):
    command = ["build/accel-bench", *arguments, "-o", "json"]
    output, _ = run([*VM, *command]) if vm else run(command, LD_LIBRARY_PATH="build/emu")
    return parsed(output, f"accel-bench {arguments[0]}")


# ---- language models ----

def llm_options(kinds):
    return ["-p", str(PROMPT if "prefill" in kinds else 0), "-n", str(GENERATE if "decode" in kinds else 0), "-r", "1"]


def llm_figures(rows):
    """Of llama-bench's rows the most tokens per second of each kind, and what only ours have."""
    figures = {}
    for row in rows:
        kind = "decode" if row["n_gen"] else "prefill"
        if row["avg_ts"] <= figures.get(kind, 0):
            continue
        figures[kind] = row["avg_ts"]
        for name in ("modelled_cycles", "matrix_use"):
            if name in row:
                figures[f"{kind}_{name}"] = row[name]
    return figures


def axon_llm(model, kinds, vm=True):
    return llm_figures(accel_bench(["llm", "-m", model, *llm_options(kinds)], vm))


def peer_llm(model, kinds, threads):
    """threads: {kind: its best number of them}; all in one process where they do not differ."""
    together = len({threads[kind] for kind in kinds}) == 1
    rows = []
    for group in [kinds] if together else [[kind] for kind in kinds]:
        output, _ = run(["mk/peer.sh", "llama-bench", "-m", model, *llm_options(group), "-o", "json",
                         "-t", str(threads[group[0]])])
        rows += parsed(output, "llama-bench")
    return llm_figures(rows)


def trial_of_threads(model):
    """Some short runs of llama.cpp with each number of them."""
    output, _ = run(["mk/peer.sh", "llama-bench", "-m", model, "-p", "64", "-n", "16", "-r", "3", "-o", "json",
                     "-t", ",".join(map(str, THREADS))])
    return parsed(output, "llama-bench")


def best_threads(rows):
    """For prompt and generation apart: of the fastest run of all."""
    best = {}
    for row in sorted(rows, key=lambda row: max(row["samples_ts"])):
        best["decode" if row["n_gen"] else "prefill"] = row["n_threads"]
    return best


def batched_figures(row):
    figures = {"decode": row["speed_tg"], "prefill": row["speed_pp"]}
    for name in ("modelled_cycles", "matrix_use"):
        if name in row:
            figures[f"decode_{name}"] = row[name]
    return figures


def axon_batched(model):
    return batched_figures(accel_bench(["batched", "-m", model, *BATCH])[0])


def peer_batched(model, threads):
    context = SEQUENCES * (BATCH_PROMPT + BATCH_GENERATE)
    output, _ = run(["mk/peer.sh", "llama-batched-bench", "-m", model, *BATCH, "-c", str(context), "-b", "2048",
                     "-ub", "512", "-t", str(threads["decode"]), "-tb", str(threads["prefill"]),
                     "--output-format", "jsonl"])
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return batched_figures(parsed("".join(lines[-1:]), "llama-batched-bench"))


# ---- the engines ----

def axon_matrix():
    figures = {}
    for row in accel_bench(["matmul", "-s", ",".join(SHAPES), "-t", ",".join(MATRIX_TYPES), "-r", "3"]):
        name = f"{row['type']} {row['m']}x{row['n']}x{row['k']}"
        figures[name] = row["gop_per_s"]
        figures[f"{name}_modelled_cycles"] = row["modelled_cycles"]
        figures[f"{name}_matrix_use"] = row["modelled_matrix_utilization"]
    return figures


def host_matrix():
    return {name: probe(name) for name in MATRIX_TYPES.values()}


def axon_copy():
    figures = {}
    for row in accel_bench(["copy", "-s", "256", "-r", "3"]):
        figures[row["direction"]] = row["gb_per_s"]
        figures[f"{row['direction']}_modelled_cycles"] = row["modelled_cycles"]
    return figures


def host_copy():
    return {"memcpy": max(probe("memcpy", threads) for threads in THREADS)}


# ---- time ----

def axon_launch():
    figures = {}
    for row in accel_bench(["launch", "--floor"]):
        figures[row["test"]] = row["median_us"]
        figures[f"{row['test']}_modelled_cycles"] = row["modelled_cycles"]
        if row.get("bound_us"):
            figures[f"{row['test']}, bound"] = row["bound_us"]
    return figures


def axon_first_token(model):
    """In a guest that has just booted: nothing of the program or the model is in its page cache."""
    output, errors = run([*VM, "build/accel-run", "-m", model, "-p", "The planets of the solar system are", "-n", "2",
                          "--temp", "0"])
    found = re.search(r"first token after ([\d.]+) ms", output + errors)
    if not found:
        raise Failed("accel-run: expected 'first token after N ms', found none")
    return {"ms": float(found[1])}


def axon_resident(model):
    """Of QEMU, and what it may be: all in MiB."""
    output, _ = run(["tests/peer/resident.py", model])
    return parsed(output, "tests/peer/resident.py")
