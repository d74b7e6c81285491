"""Which layers stream and which an array computes: the fastest way that fits, and what binds it.

A partition is a cut: what comes before it streams, what comes behind it, up to the last sums, one
array computes in turn, with its parameters on the chip or from an SDRAM. All layers may stream, and
all convolutions may be in the array. Where an array may begin says the graph, which sizes it may
have is asked. What could be fastest is tried first, the others only for what is no slower than the
fastest so far; the solver folds the rest.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from fq_hw.errors import FoldingError, FqHwError
from fq_hw.ir import Graph
from fq_hw.schedule.choices import Choices, Estimate
from fq_hw.schedule.fold_search import Shortage, fewest, shortage
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import Passes, fitted, passes
from fq_hw.schedule.in_turn.stage import InTurn, Supply, places
from fq_hw.schedule.resources import Resources, resources
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.solver import KINDS

__all__ = ["ARRAYS", "Partitioned", "fastest_partition"]

MACS = range(256, 8192 + 1)  # of an array in a cycle: from a small iCE40's to all of an LFE5U-85F
ARRAYS = tuple(
    Array(columns=columns, pe=pe, simd=simd)
    for columns in (4, 8, 16)
    for simd in (16, 32, 64)
    for pe in (2, 4, 8, 16, 32)
    if pe <= simd and columns * pe * simd in MACS
)


@dataclass(frozen=True, kw_only=True)
class Partitioned:
    """A folding with its stages, and why it is no faster.

    costs    estimated, of all of it
    tried    partitions that could have been
    binds    what the nearest of all that are faster lacks; None where none is
    """

    folding: Folding
    costs: Resources
    tried: int
    binds: Shortage | None


@dataclass(frozen=True, kw_only=True)
class Way:
    """A partition: what an array computes, if anything, from which SDRAM, in so many ``cycles``."""

    stages: tuple[InTurn, ...] = ()
    slots: Slots | None = None
    cycles: int = 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The folding of a partition, and what it costs."""

    folding: Folding
    costs: Resources

    @property
    def worth(self) -> tuple[int, int, int]:
        """The less the better."""
        return self.folding.cycles, self.costs.lut, self.costs.ebr


def ways(
    graph: Graph,
    arrays: Iterable[Array],
    slots: Slots | None,
    estimate: Estimate,
    limits: Resources,
) -> Iterator[Way]:
    """All streams, or an array computes all that comes behind some tensor.

    Left out is an array that keeps no limit itself, with its parameters, and one that is slower
    than another that begins at the same tensor, and no smaller in any kind.
    """
    yield Way()
    firsts, lasts = places(graph)
    for after in firsts[: firsts.index(lasts[-1])]:
        kept: list[tuple[int, Resources, Passes]] = []
        for array in arrays:
            try:
                made = passes(graph, fitted(graph, after, lasts[-1], array))
                kept.append((made.unit.beats, estimate(made.unit), made))
            except FqHwError:  # no array of that size can
                continue
        kept.sort(key=lambda row: row[0])
        for n, (cycles, costs, made) in enumerate(kept):
            if any(faster.within(costs) for _, faster, _ in kept[:n]):
                continue
            outside = [] if slots is None else [(Supply.STREAM, made.buffer(slots.width))]
            for supply, parameters in [(Supply.CHIP, made.parameters), *outside]:
                if (costs + estimate(parameters)).within(limits):
                    stage = replace(made.stage, supply=supply)
                    used = slots if supply is Supply.STREAM else None
                    yield Way(stages=(stage,), slots=used, cycles=cycles)


class Search:
    """The fastest of what was tried, and how far all else is from ``limits``."""

    def __init__(self, graph: Graph, estimate: Estimate, levels: int, limits: Resources):
        self.streamed, self.limits = Choices(graph, estimate, levels), limits
        self.best: Found | None = None
        self.tried: list[tuple[float, int, Way]] = []  # by pressure, of so many cycles or fewer

    def choices(self, way: Way) -> Choices:
        """Made anew each time it is asked for: there are hundreds of ways."""
        return self.streamed.beside(way.stages, way.slots) if way.stages else self.streamed

    def attempt(self, way: Way) -> None:
        """Find its fewest cycles, if these are no more than those of the best."""
        most = math.inf if self.best is None else self.best.folding.cycles
        if way.cycles > most:
            return
        choices = self.choices(way)
        times = [cycles for cycles in choices.intervals if cycles <= most]
        folding = fewest(choices, times, self.limits)
        if folding is not None:
            found = Found(folding=folding, costs=total(choices, folding))
            if self.best is None or found.worth < self.best.worth:
                self.best = found
        with suppress(FoldingError):  # a stream or the scores need more cycles than that
            self.tried += [(pressure(choices, n, self.limits), n, way) for n in times[-1:]]

    def nearest(self) -> Shortage | None:
        """What the partition lacks that needs least, of all that are faster; None where none is."""
        best = math.inf if self.best is None else self.best.folding.cycles
        queue = [(least, n, cycles, way) for n, (least, cycles, way) in enumerate(self.tried)]
        heapq.heapify(queue)  # fewer cycles need no less
        while queue:
            _, n, cycles, way = heapq.heappop(queue)
            choices = self.choices(way)
            if cycles < best:
                return shortage(choices, cycles, self.limits)
            times = [cycles for cycles in choices.intervals if cycles < best]
            with suppress(FoldingError):
                for cycles in times[-1:]:
                    need = pressure(choices, cycles, self.limits)
                    heapq.heappush(queue, (need, n, cycles, way))
        return None


def fastest_partition(
    graph: Graph,
    limits: Resources,
    arrays: Iterable[Array] = ARRAYS,
    estimate: Estimate = resources,
    levels: int = 1,
    slots: Slots | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> Partitioned:
    """The partition of fewest cycles per frame that keeps ``limits``; of several the least LUT.

    ``levels`` of adders stand between registers, in streamed layers and arrays. ``slots`` are those
    of the SDRAM that there is. ``report`` hears which share of all that may have to be tried is
    done. Raises CapacityError, saying what is missing, where nothing fits.
    """
    sized = [replace(array, levels_per_stage=levels) for array in arrays]
    search = Search(graph, estimate, levels, limits)
    found = sorted(ways(graph, sized, slots, estimate, limits), key=lambda way: way.cycles)
    for done, way in enumerate(found):
        report(done / len(found))
        search.attempt(way)
    binds, best = search.nearest(), search.best
    if best is None:
        raise binds.error(graph)
    return Partitioned(folding=best.folding, costs=best.costs, tried=len(found), binds=binds)


def pressure(way: Choices, cycles: int, limits: Resources) -> float:
    """A bound on the share of some limit that frames of ``cycles`` need; above 1 by what lacks."""
    problem, _ = way.at(cycles)
    rows = [[choice.costs for choice in row] for row in problem.layers]

    def share(kind: str) -> float:
        need = sum(min(getattr(costs, kind) for costs in row) for row in rows)
        return (getattr(problem.fixed, kind) + need) / max(getattr(limits, kind), 1)

    return max(map(share, KINDS))


def total(way: Choices, folding: Folding) -> Resources:
    """What a folding costs, by the solver's account."""
    problem, folds = way.at(folding.cycles)
    picked = [
        table.index(folding.folds[conv.name]) for conv, table in zip(way.convs, folds, strict=True)
    ]
    roms = way.roms(way.base(folding.cycles)[1])
    return problem.costs([*picked, *(name in folding.logic for name in roms)])
