#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: "$(mk/venv.sh)" tests/peer/roofline.py build/bench.json PICTURE.svg

Draws the host's peaks as roofs, and Axon's and llama.cpp's rows under them: operations for each byte
that must be read, against operations per second. The same numbers give the same file.
"""

import json
import os
import sys

import matplotlib

sys.dont_write_bytecode = True
import sides  # noqa: E402

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "axon", "font.family": "sans-serif",
                            "font.size": 9, "path.simplify": True})
import matplotlib.pyplot as plt  # noqa: E402
import matplotlib.ticker  # noqa: E402

ROOFS = {"int8": "tab:red", "bf16": "tab:purple", "fp32": "tab:brown"}
KINDS = {"decode": ("decode", "o"), "prefill": ("prefill", "s"), "batched": ("8 sequences", "D"),
         "matrix": ("matrix engine", "^")}
AXON, PEER = "tab:blue", "tab:gray"
LEFT, RIGHT = 0.25, 4096  # operations per byte


def draw_roofs(axes, probes):
    read = probes["read"]
    for name, colour in ROOFS.items():
        if name not in probes:
            continue
        peak = probes[name]
        ridge = peak / read
        axes.plot([LEFT, ridge, RIGHT], [LEFT * read, peak, peak], color=colour, linewidth=1, zorder=1)
        axes.annotate(f"{name} {peak:,.0f} Gop/s", (48, peak), xytext=(0, 3), textcoords="offset points",
                      color=colour)
    axes.annotate(f"memory read {read:.1f} GB/s", (LEFT, LEFT * read), xytext=(12, 2), textcoords="offset points",
                  color="black")


def draw_rows(axes, rows):
    """Points; one entry of the legend for each kind and side."""
    seen = set()
    for made in rows:
        if made["kind"] not in KINDS or "failed" in made or not made["bytes"]:
            continue
        name, marker = KINDS[made["kind"]]
        intensity = made["ops"] / made["bytes"]
        points = [("ours", "Axon", AXON)]
        if made["kind"] == "matrix":
            kind = sides.MATRIX_TYPES[made["key"].split()[0]]
            points = [("ours", kind, ROOFS[kind])]
        if made.get("peer") == "llama.cpp":
            points.append(("theirs", "llama.cpp", PEER))
        for which, who, colour in points:
            label = f"{name}, {who}"
            axes.plot([intensity], [made[which] * made["ops"] * 1e-9], marker=marker, color=colour, linestyle="none",
                      markersize=6, markerfacecolor="none" if who == "llama.cpp" else colour, zorder=2,
                      label=None if label in seen else label)
            seen.add(label)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    figure, axes = plt.subplots(figsize=(8, 5))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=10)
    axes.set_xlim(LEFT, RIGHT)
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda y, _: f"{y:g}"))
    axes.set_xlabel("operations per byte that must be read")
    axes.set_ylabel("Gop/s")
    axes.grid(True, which="major", linewidth=0.4, color="0.85")
    draw_roofs(axes, report["probes"])
    draw_rows(axes, report["rows"])
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", frameon=False, ncols=2)
    axes.set_title(f"{report['cpu']}, {report['cpus']} CPUs, {report['date']}; llama.cpp {report['llama.cpp']}",
                   fontsize=9)
    picture = sys.argv[2] + ".new"
    figure.savefig(picture, format="svg", bbox_inches="tight",
                   metadata={"Date": None, "Title": "Axon beside llama.cpp under the roofs of the host"})
    os.replace(picture, sys.argv[2])


if __name__ == "__main__":
    main()
