"""Two tables whose sum becomes levels: as few bits as give the same levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fq_hw.concave import highest
from fq_hw.ir import Add, Graph, Lookup, Op, Requantize, Threshold

__all__ = ["narrow_tables", "thresholds"]

NARROW = 20  # bits of a sum that is left as it is
DROPPED = 40  # low bits that are tried to be dropped, at most
SHIFTS = range(6, 25)  # bits behind the point of tables whose sum is only shifted
THIRDS = 150  # of a search for a slope, that are thrown away
ASIDE = (0, -1, 1, -2, 2, -3, 3)  # what is added to it, for ties that fall on either side

Tables = tuple[np.ndarray, np.ndarray]


def narrow_tables(graph: Graph) -> Graph:
    """Give tables that are added, and then counted, no more bits than the levels need.

    rewrite:  Threshold(Add(Lookup(a; t), Lookup(b; u)))  ->  Requantize(Add(Lookup(a; t'),
              Lookup(b; u'))), or the same ops with smaller tables and thresholds
    because:  there are at most 256 x 256 sums, and the new ones give each of them its level
    keeps:    every tensor but those of the tables and their sum, which nobody else reads
    """
    changed = {op.name: op for found in graph.ops for op in narrowed(graph, found)}
    return graph.map(lambda op: changed.get(op.name, op)) if changed else graph


def narrowed(graph: Graph, op: Op) -> Iterator[Op]:
    """The ops that take the place of a threshold, the sum that it reads, and its tables."""
    if not isinstance(op, Threshold) or (op.levels != op.levels[0]).any() or (op.sign != 1).any():
        return
    added = graph[op.inputs[0]]
    if (
        not isinstance(added, Add)
        or added.factors != (1, 1)
        or graph.types[added.name].bits <= NARROW
    ):
        return
    read = [graph[name] for name in added.inputs]
    alone = all(len(graph.users[x.name]) == 1 for x in (added, *read))
    if not alone or not all(isinstance(x, Lookup) for x in read):
        return
    tables = read[0].table, read[1].table
    levels = op.levels[0].astype(np.int64)
    made = np.searchsorted(levels, tables[0][:, None] + tables[1], side="right")
    found = by_shift(tables, made, 2**op.out_bits - 1)
    if found is not None:
        small, shift = found
        yield Requantize(name=op.name, inputs=op.inputs, shift=shift, out_bits=op.out_bits,
                         scale=op.scale)  # fmt: skip
    else:
        small, few = coarse(tables, made, len(levels))
        yield replace(op, levels=np.tile(few, (len(op.levels), 1)))
    for lookup, table in zip(read, small, strict=True):
        yield replace(lookup, table=table, scale=1.0)


def by_shift(tables: Tables, made: np.ndarray, top: int) -> tuple[Tables, int] | None:
    """Tables whose sum, shifted and rounded, is the level of all pairs, and the shift.

    None where no table of so many bits does it: where the levels are not evenly spaced.
    """
    line = straight(tables[0][:, None] + tables[1], made, top)
    if line is None:
        return None
    slope, zero = line
    for shift in SHIFTS:
        one, other = (np.round(table * slope * 2.0**shift).astype(np.int64) for table in tables)
        one = one + round((zero - 0.5) * 2.0**shift)
        sums = one[:, None] + other + (1 << shift >> 1)
        for aside in ASIDE:
            if (((sums + aside) >> shift).clip(0, top) == made).all():
                return (one + aside, other), shift
    return None


def straight(sums: np.ndarray, made: np.ndarray, top: int) -> tuple[float, float] | None:
    """Slope and bias of a line below which the integers are the levels; None where there is none.

    It may leave 0..``top`` at the ends, where levels are clamped.
    The room that a slope leaves for the bias is concave, so thirds are thrown away.
    """
    order = np.argsort(sums, axis=None, kind="stable")
    flat, results = sums.reshape(-1)[order].astype(np.float64), made.reshape(-1)[order]
    steps = np.arange(results[0] + 1, results[-1] + 1)
    if len(steps) < 2:
        return None
    at = np.searchsorted(results, steps, side="left")
    there, reached, yet, before = steps, flat[at], steps, flat[at - 1]
    if results[0] > 0:  # the least sum has its level, too
        there, reached = np.append(results[0], there), np.append(flat[0], reached)
    if results[-1] < top:  # and the largest no more
        yet, before = np.append(yet, results[-1] + 1), np.append(before, flat[-1])

    def room(slope: float) -> tuple[float, float]:
        return float((there - slope * reached).max()), float((yet - slope * before).min())

    def width(slope: np.ndarray) -> np.ndarray:
        low, high = room(float(slope))
        return np.array(high - low)

    most = 4 * len(steps) / max(float(flat[at[-1]] - flat[at[0]]), 1.0)
    slope = float(highest(width, np.array(0.0), np.array(most), THIRDS))
    ends = room(slope)
    return (slope, sum(ends) / 2) if ends[0] < ends[1] else None


def coarse(tables: Tables, made: np.ndarray, count: int) -> tuple[Tables, np.ndarray]:
    """Tables without as many low bits as change no level, and thresholds of their sums."""
    for dropped in range(DROPPED, 0, -1):
        half = (1 << dropped) >> 1
        one, other = ((table + half) >> dropped for table in tables)
        levels = thresholds(one[:, None] + other, made, count)
        if levels is not None:
            return (one, other), levels
    levels = thresholds(tables[0][:, None] + tables[1], made, count)
    assert levels is not None, "levels of a sum rise with it"
    return tables, levels


def thresholds(sums: np.ndarray, made: np.ndarray, count: int = 255) -> np.ndarray | None:
    """The least sum of each of ``count`` levels, where sums tell levels apart; else None."""
    flat, results = sums.reshape(-1), made.reshape(-1)
    order = np.lexsort((results, flat))
    flat, results = flat[order], results[order]
    first = np.searchsorted(flat, flat, side="left")  # of equal sums: all must give one result
    if (results != results[first]).any() or (np.diff(results) < 0).any():
        return None
    found = np.searchsorted(results, np.arange(1, count + 1), side="left")
    top = flat[-1] + 1
    return np.where(found < len(flat), flat[np.minimum(found, len(flat) - 1)], top)
