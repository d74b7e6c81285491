"""Which layers stream and which an array computes: the fastest way that fits, and what binds it.

A partition is a cut: what comes before it streams, what comes behind it, up to the last sums, one
array computes in turn, with its parameters on the chip or from an SDRAM, which may have its trunk,
too. All layers may stream, and all convolutions may be in the array. Where an array may begin says
the graph, which sizes it may have is asked. What could be fastest is tried first, the others only
for what is no slower than the fastest so far; the solver folds the rest.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from fq_hw.errors import FoldingError, FqHwError
from fq_hw.ir import Graph
from fq_hw.schedule.choices import Choices, Estimate
from fq_hw.schedule.fold_search import Shortage, fewest, fold_at, shortage
from fq_hw.schedule.folding import Folding, macs
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import fitted, passes
from fq_hw.schedule.in_turn.stage import InTurn, Supply, places
from fq_hw.schedule.joins import between
from fq_hw.schedule.lower import lower
from fq_hw.schedule.resources import Resources, resources
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.solver import Bound, Problem
from fq_hw.schedule.timing import simulate

__all__ = ["ARRAYS", "Partitioned", "fastest_partition"]

LUT_PER_MAC = 4  # about; it decides in which order ways are tried, not which is found
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
class Cut:
    """A place where an array may begin, and the products before and behind it."""

    after: str
    before: int
    behind: int

    def promise(self, array: Array, most_macs: float) -> float:
        """Cycles of the slower side, where the device has room for so many products a cycle."""
        streamed = self.before / max(most_macs - array.macs, 1)
        return max(streamed, self.behind / array.macs)


def cuts(graph: Graph) -> Iterator[Cut]:
    """Wherever an array may begin."""
    firsts, lasts = places(graph)
    products = {op.name: macs(graph, op) for op in graph.ops}
    for after in firsts[: firsts.index(lasts[-1])]:
        behind = sum(products[op.name] for op in between(graph, lasts[-1], after))
        yield Cut(after=after, before=sum(products.values()) - behind, behind=behind)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The folding of a partition, and what it costs."""

    folding: Folding
    costs: Resources

    @property
    def expected(self) -> float:
        """Cycles per frame: more than the account says where an SDRAM keeps a trunk."""
        return self.folding.cycles * waiting(self.folding.arrays)

    @property
    def worth(self) -> tuple[float, int, int]:
        """The less the better."""
        return self.expected, self.costs.lut, self.costs.ebr


WAYS = (  # where an array's parameters and its trunk lie
    (Supply.CHIP, Supply.CHIP),
    (Supply.STREAM, Supply.CHIP),
    (Supply.STREAM, Supply.STREAM),
)
WAITING = 1.08  # cycles that a frame takes, by those counted: of ERNs simulated 1.03 to 1.08
NOTHING = Bound.of(Problem(layers=()))  # that something needs
Way = tuple[tuple[InTurn, ...], Slots | None]  # what an array computes, if any, from which SDRAM


def waiting(arrays: Iterable[InTurn]) -> float:
    """By how much frames are longer than counted, as an array waits for its trunk."""
    return WAITING if any(stage.trunk is Supply.STREAM for stage in arrays) else 1


class Tried(NamedTuple):
    """A way that needs at least such a ``share`` of the limits, in so many ``cycles``.

    ``own`` is what the array costs alone, where no more was counted.
    """

    share: float
    cycles: float
    way: Way
    own: Resources | None = None


class Search:
    """The fastest of what was tried, and how far all else is from ``limits``."""

    def __init__(
        self,
        graph: Graph,
        limits: Resources,
        estimate: Estimate,
        levels: int,
        slots: Slots | None,
    ):
        self.graph, self.limits, self.slots = graph, limits, slots
        self.streamed = Choices(graph, estimate, levels)
        self.until = places(graph)[1][-1]
        self.best: Found | None = None
        self.tried: list[Tried] = []
        self.ahead: dict[str, Bound] = {}  # what streams before a cut, in as many as are worth it

    @property
    def most(self) -> float:
        """Cycles that are worth a try, as frames really take."""
        return math.inf if self.best is None else self.best.expected

    def limit(self, way: Way) -> float:
        """The same as they are counted."""
        return self.most / waiting(way[0])

    def choices(self, way: Way) -> Choices:
        """Made anew each time it is asked for: there are hundreds of ways."""
        return self.streamed.beside(*way) if way[0] else self.streamed

    def cut(self, cut: Cut, array: Array) -> None:
        """Try an array behind a cut, with its parameters and its trunk on the chip and outside."""
        if cut.behind / array.macs > self.most:
            return
        try:
            made = passes(self.graph, fitted(self.graph, cut.after, self.until, array))
        except FqHwError:  # no array of that size can
            return
        if made.unit.beats > self.most:
            return
        for supply, trunk in WAYS if self.slots is not None else WAYS[:1]:
            stage = replace(made.stage, supply=supply, trunk=trunk)
            unit, parameters = made.unit, made.parameters
            if supply is Supply.STREAM:
                parameters = made.buffer(self.slots.width)
            if trunk is Supply.STREAM:
                try:
                    unit = made.spilled(self.slots)
                except FqHwError:  # its sums do not fill bursts
                    continue
                if unit.beats * WAITING > self.most:
                    continue
            own = self.streamed.unit_costs(unit) + self.streamed.unit_costs(parameters)
            way = (stage,), self.slots if supply is Supply.STREAM else None
            share = self.ahead.get(cut.after, NOTHING).beside(own).share(self.limits)
            if share > 1:  # most ways end here, before anything is folded
                self.tried.append(Tried(share, self.most, way, own))
            else:
                self.attempt(way, cut)

    def attempt(self, way: Way, cut: Cut | None = None) -> None:
        """Find its fewest cycles, if these are no more than those of the best."""
        choices = self.choices(way)
        times = [cycles for cycles in choices.intervals if cycles <= self.limit(way)]
        if not times:
            return
        with suppress(FoldingError):  # a stream or the scores need more cycles than that
            problem, _ = choices.at(times[-1])
            bound = Bound.of(problem)
            share = bound.beside(problem.fixed).share(self.limits)
            self.tried.append(Tried(share, times[-1], way))
            if cut is not None:
                self.ahead[cut.after] = bound
            if share > 1:
                return
        folding = fewest(choices, times, self.limits)
        if folding is not None:
            found = Found(folding=folding, costs=total(choices, folding))
            if self.best is None or found.worth < self.best.worth:
                self.best = found

    def relaxed(self, found: Found) -> Found:
        """The same with no more LUTs than the cycles need that its frames really take.

        An array waits for its SDRAM, and longer than its account says.
        """
        folding = found.folding
        way = folding.arrays, folding.slots
        real = simulate(lower(self.graph, folding.folds, folding.cycles, **folding.more)).interval
        choices = self.choices(way)
        times = [cycles for cycles in choices.intervals if folding.cycles < cycles <= real]
        slower = fold_at(choices, times[-1], self.limits) if times else None
        if slower is None:
            return found
        plan = lower(self.graph, slower.folds, slower.cycles, **slower.more)
        if simulate(plan).interval > real:
            return found
        return Found(folding=slower, costs=total(choices, slower))

    def nearest(self) -> Shortage | None:
        """What the partition lacks that needs least, of all that are faster; None where none is."""
        queue = [(one.share, n, one) for n, one in enumerate(self.tried)]
        heapq.heapify(queue)  # fewer cycles need no less, and a way no less than its bound
        while queue:
            _, n, one = heapq.heappop(queue)
            most = self.limit(one.way)
            if one.cycles < most:  # folded, and no slower frames are worth it
                return shortage(self.choices(one.way), int(one.cycles), self.limits)
            after = one.way[0][0].after if one.way[0] else None
            if one.own is not None and after in self.ahead:  # which was not known before
                share = self.ahead[after].beside(one.own).share(self.limits)
                if share > one.share:
                    heapq.heappush(queue, (share, n, one._replace(share=share)))
                    continue
            choices = self.choices(one.way)
            times = [cycles for cycles in choices.intervals if cycles < most]
            with suppress(FoldingError):
                for cycles in times[-1:]:
                    problem, _ = choices.at(cycles)
                    bound = Bound.of(problem)
                    if after is not None:
                        self.ahead.setdefault(after, bound)
                    share = bound.beside(problem.fixed).share(self.limits)
                    heapq.heappush(queue, (share, n, Tried(share, cycles, one.way)))
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
    search = Search(graph, limits, estimate, levels, slots)
    search.attempt(((), None))
    sized = [replace(array, levels_per_stage=levels) for array in arrays]
    most_macs = limits.lut / LUT_PER_MAC
    ways = [(cut, array) for cut in cuts(graph) for array in sized]
    ways.sort(key=lambda way: way[0].promise(way[1], most_macs))
    for done, way in enumerate(ways, 1):
        report(done / len(ways))
        search.cut(*way)
    binds, best = search.nearest(), search.best
    if best is None:
        raise binds.error(graph)
    best = search.relaxed(best)
    return Partitioned(folding=best.folding, costs=best.costs, tried=1 + len(ways), binds=binds)


def total(way: Choices, folding: Folding) -> Resources:
    """What a folding costs, by the solver's account."""
    problem, folds = way.at(folding.cycles)
    picked = [
        table.index(folding.folds[conv.name]) for conv, table in zip(way.convs, folds, strict=True)
    ]
    movable = way.movable(way.base(folding.cycles)[1])
    return problem.costs([*picked, *(name in folding.logic for name in movable)])
