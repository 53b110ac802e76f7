# SPDX-License-Identifier: MIT
"""The rows of the table: which figures a row compares, what it must reach, and whether it did."""

import dataclasses
import statistics

import pairs as pairing
import sides

LEAST, MOST = "≥", "≤"
COMPUTE, MEMORY = ("int8",), ("int8", "read")  # the probes that bound a row
DECODE_POSITION = sides.GENERATE / 2
BATCH_POSITION = sides.BATCH_PROMPT + sides.BATCH_GENERATE / 2


@dataclasses.dataclass(frozen=True)
class Row:
    """ours and theirs: (side, figure). bars: (what, LEAST or MOST, value), what being a key of the result."""
    key: str
    kind: str
    title: str
    unit: str
    ours: tuple
    theirs: tuple = None
    peer: str = ""
    bars: tuple = ()
    probes: tuple = COMPUTE  # that must have stayed
    probe: str = ""  # the share of what this probe found; ...
    per_unit: float = 0  # ... so many Gop or GB belong to one unit of ours
    ops: float = 0  # of one unit of ours, and the bytes that must be read for it: where it stands in the
    bytes: float = 0  # roofline
    decimals: int = 1


def llm_rows(name, title, cost, prefill_bars):
    """Of one model; name is its group's."""
    decode_bytes = cost.decode_bytes(DECODE_POSITION)
    prefill_ops = cost.prefill_ops(sides.PROMPT)
    return [
        Row(f"decode {name}", "decode", f"decode, {title}, {sides.GENERATE} tokens", "tok/s", ("axon", "decode"),
            ("llama.cpp", "decode"), "llama.cpp", (("ratio", LEAST, 0.95),), MEMORY, "read", decode_bytes * 1e-9,
            cost.decode_ops(), decode_bytes),
        Row(f"prefill {name}", "prefill", f"prefill, {title}, {sides.PROMPT} tokens", "tok/s", ("axon", "prefill"),
            ("llama.cpp", "prefill"), "llama.cpp", prefill_bars, COMPUTE, "int8", prefill_ops * 1e-9, prefill_ops,
            cost.prefill_bytes(sides.PROMPT)),
    ]


def in_process_row(name, title):
    return Row(f"in-process {name}", "in-process", f"decode, {title}, in the VM and in-process", "tok/s",
               ("axon", "decode"), ("in-process", "decode"), "in-process", (("ratio", LEAST, 0.95),), MEMORY)


def batched_row(name, title, cost, ratio):
    state = cost.decode_bytes(BATCH_POSITION, sides.SEQUENCES)
    return Row(f"batched {name}", "batched", f"decode, {title}, {sides.SEQUENCES} sequences at once", "tok/s",
               ("axon", "decode"), ("llama.cpp", "decode"), "llama.cpp", (("ratio", LEAST, ratio),), MEMORY, "int8",
               cost.decode_ops() * 1e-9, cost.decode_ops(), state)


def matrix_rows():
    bar = {"f32": 0.85, "bf16": 0.80, "int8": 0.75}
    size = {"f32": 4, "bf16": 2, "int8": 1}
    for kind, probe in sides.MATRIX_TYPES.items():
        for shape in sides.SHAPES:
            m, n, k = map(int, shape.split("x"))
            bars = (("ratio", LEAST, bar[kind]),) if m == n == k else ()
            yield Row(f"{kind} {shape}", "matrix", f"matrix engine, {kind}, {shape.replace('x', ' × ')}", "Gop/s",
                      ("axon", f"{kind} {shape}"), ("host", probe), "host's peak", bars,
                      ops=1e9, bytes=1e9 * ((m + n) * k * size[kind] + 4 * m * n) / (2 * m * n * k))


def other_rows():
    for direction in ("system to device", "device to system"):
        yield Row(f"copy {direction}", "copy", f"copy of 256 MiB, {direction}", "GB/s", ("axon", direction),
                  ("host", "memcpy"), "host's memcpy", (("ratio", LEAST, 0.8),), MEMORY)
    yield Row("packet", "launch", "packet in a stream", "µs", ("axon", "packet in a stream"),
              bars=(("ours", MOST, 1),), decimals=2)
    floors = {"user queue": "3 × (doorbell + poll)", "ioctl": "that + 4 × empty ioctl"}
    for way, floor in floors.items():
        name = f"submit to complete, {way}"
        yield Row(way, "launch", name, "µs", ("axon", name), ("axon", f"{name}, bound"), floor,
                  (("ratio", MOST, 1),), decimals=2)
    yield Row("first token", "first-token", "process start to first token", "ms", ("axon", "ms"),
              bars=(("ours", MOST, 2500),), decimals=0)
    yield Row("resident", "resident", "QEMU's resident set, decoding", "MiB", ("axon", "resident"),
              ("axon", "allowed"), "memory in use + 128 MiB", (("ratio", MOST, 1),), decimals=0)


def holds(value, relation, bar):
    return value >= bar if relation == LEAST else value <= bar


def result(row, pairs, measured):
    """What a row says, of the pairs that count."""
    values = [pair.samples[row.ours[0]][row.ours[1]] for pair in pairs]
    made = {"key": row.key, "kind": row.kind, "title": row.title, "unit": row.unit, "decimals": row.decimals,
            "ours": statistics.median(values), "pairs": len(pairs), "measured": measured,
            "unsteady": sum(not pair.steady(row.probes) for pair in pairs), "ops": row.ops, "bytes": row.bytes}
    if row.theirs:
        ratios = pairing.ratios(pairs, row.ours, row.theirs)
        made["theirs"] = pairing.median(pairs, *row.theirs)
        made["peer"] = row.peer
        made["ratio"] = made["ours"] / made["theirs"]
        made["least"], made["most"] = min(ratios), max(ratios)
    if row.probe:
        made["probe"] = row.probe
        made["share"] = made["ours"] * row.per_unit / pairing.probe_median(pairs, row.probe)
    for name in ("modelled_cycles", "matrix_use"):
        found = [pair.samples[row.ours[0]].get(f"{row.ours[1]}_{name}") for pair in pairs]
        if all(found):
            made[name] = statistics.median(found)
    made["bars"] = [list(bar) for bar in row.bars]
    made["met"] = all(holds(made[what], relation, value) for what, relation, value in row.bars)
    return made


def results(rows, pairs, wanted):
    """Of all rows of one group; what a program did not print fails its row by name, not the others."""
    made = []
    for row in rows:
        try:
            made.append(result(row, pairing.keep(pairs, row.probes, wanted), len(pairs)))
        except KeyError as missing:
            made.append(failure(row, f"expected the figure {missing}, found none"))
    return made


def failure(row, why):
    return {"key": row.key, "kind": row.kind, "title": row.title, "unit": row.unit, "failed": why,
            "bars": [list(bar) for bar in row.bars], "met": False}


# ---- Markdown ----

def number(value, decimals):
    return f"{value:,.{decimals}f}"


def bar_text(made, bar):
    what, relation, value = bar
    if what == "ratio":
        return f"{relation} {value:g} ×"
    if what == "share":
        return f"{relation} {100 * value:.0f} % of the peak"
    return f"{relation} {value:g} {made['unit']}"


def verdict(made):
    if "failed" in made:
        return f"not measured: {made['failed']}"
    word = "" if not made["bars"] else "met" if made["met"] else "**not met**"
    if made["unsteady"]:
        word += f" ({made['unsteady']} of {made['pairs']} pairs unsteady)"
    return word.strip()


def table_line(made):
    cells = [made["title"]]
    bars = ", ".join(bar_text(made, bar) for bar in made["bars"])
    if "failed" in made:
        cells += ["", "", "", "", "", bars, verdict(made)]
    else:
        decimals, unit = made["decimals"], made["unit"]
        cells.append(f"{number(made['ours'], decimals)} {unit}")
        if "ratio" in made:
            cells += [f"{number(made['theirs'], decimals)} ({made['peer']})", f"{made['ratio']:.2f}",
                      f"{made['least']:.2f} to {made['most']:.2f}"]
        else:
            cells += ["", "", ""]
        share = f"{100 * made['share']:.0f} % of {probe_name(made['probe'])}" if "share" in made else ""
        cells += [share, bars, verdict(made)]
    return "| " + " | ".join(cells) + " |"


def probe_name(probe):
    return "memory read" if probe == "read" else f"the {probe} peak"


def cycles_table(rows):
    lines = ["| modelled | cycles | matrix engine in use |", "|---|---:|---:|"]
    for made in rows:
        if made.get("modelled_cycles"):
            use = f"{100 * made['matrix_use']:.1f} %" if "matrix_use" in made else ""
            lines.append(f"| {made['title']} | {number(made['modelled_cycles'], 0)} | {use} |")
    return lines if len(lines) > 2 else []


def probes_text(report):
    probes = report["probes"]
    return ", ".join([f"{probes[name]:,.0f} Gop/s of {name}" for name in ("int8", "bf16", "fp32") if name in probes]
                     + [f"{probes['read']:.1f} GB/s read from memory"])


def markdown(report):
    """The text between the markers in docs/performance.md."""
    rows = report["rows"]
    unsteady = sum(made.get("unsteady", 0) for made in rows)
    judged = [made for made in rows if made["bars"]]
    lines = ["| measure | Axon | beside it | ratio | in single pairs | share | must reach | |",
             "|---|---:|---:|---:|---:|---:|---:|---|", *map(table_line, rows), "",
             f"{sum(made['met'] for made in judged)} of {len(judged)} rows reach what they must. {report['date']}; "
             f"{report['cpu']}, {report['cpus']} CPUs, {report['accelerator']}; llama.cpp {report['llama.cpp']}; "
             f"pairs for each row: {report['wanted']}{', some unsteady' if unsteady else ', all steady'}. Medians of "
             f"the probes around the samples: {probes_text(report)}."]
    cycles = cycles_table(rows)
    if cycles:
        lines += ["", "The chip's own time, the same on every host; of one token where a model is measured:", "",
                  *cycles]
    return "\n".join(lines) + "\n"


def speed_markdown(report):
    """README's short table."""
    lines = ["| tokens per second | Axon, in the VM | llama.cpp, native | ratio |", "|---|---:|---:|---:|"]
    for made in report["rows"]:
        if made.get("peer") == "llama.cpp":
            lines.append(f"| {made['title']} | {made['ours']:.1f} | {made['theirs']:.1f} | {made['ratio']:.2f} |")
    return "\n".join(lines) + "\n"
