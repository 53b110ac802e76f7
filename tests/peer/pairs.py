# SPDX-License-Identifier: MIT
"""Samples of two or more sides, one after the other, with probes of the host around each.

A machine that others share changes its speed. A pair during which a probe that bounds what it measures
moved by more than STEADY is dropped and measured again, a bounded number of times; where that does not
suffice, the steadiest of all count, and the result says how many of them were not steady.
"""

import dataclasses
import statistics

STEADY = 0.05


def repeats(wanted):
    """Pairs that may be measured beyond those wanted."""
    return (wanted + 1) // 2


@dataclasses.dataclass
class Pair:
    """probes: one more than samples, {probe: speed}; samples: {side: {figure: number}}."""
    probes: list
    samples: dict

    def moved(self, names):
        """By how much that of the named probes did which moved most: 0.05 is 5 %."""
        return max(max(p[name] for p in self.probes) / min(p[name] for p in self.probes) - 1 for name in names)

    def steady(self, names):
        return self.moved(names) < STEADY + 1e-9


def measure_pair(sides, probe, before):
    """sides: {name: function that returns {figure: number}}; before: what the probe found last."""
    probes, samples = [before], {}
    for name, sample in sides.items():
        samples[name] = sample()
        probes.append(probe())
    return Pair(probes, samples)


def measure(sides, probe, names, wanted, report=lambda pair: None):
    """All the pairs that were measured, in order; keep() chooses. names: the probes that matter."""
    pairs, before = [], probe()
    while len(pairs) < wanted + repeats(wanted) and sum(pair.steady(names) for pair in pairs) < wanted:
        pairs.append(measure_pair(sides, probe, before))
        before = pairs[-1].probes[-1]
        report(pairs[-1])
    return pairs


def steadily(rows, probe, most=3):
    """What rows() returns during which the machine's arithmetic stayed; all of it where it never did."""
    tried, before = [], probe()
    for _ in range(most):
        found = rows()
        after = probe()
        if Pair([before, after], {}).steady(["int8"]):
            return found
        tried += found
        before = after
    return tried


def keep(pairs, names, wanted):
    """The steady ones; where there are too few, also the steadiest of the others."""
    return sorted(pairs, key=lambda pair: pair.moved(names))[:wanted]


def median(pairs, side, figure):
    return statistics.median(pair.samples[side][figure] for pair in pairs)


def probe_median(pairs, name):
    return statistics.median(probe[name] for pair in pairs for probe in pair.probes)


def ratios(pairs, ours, theirs):
    """Within each pair; ours and theirs are (side, figure)."""
    return [pair.samples[ours[0]][ours[1]] / pair.samples[theirs[0]][theirs[1]] for pair in pairs]
