"""The two questions of folding: least LUT within so many cycles, and least cycles within a device.

A device's wires are scarce, too: within its limits least LUT is least LUT and wires.

The first answer is proven over the search space of ``choices``, with streams as wide as frames of
its cycles need. The second is searched by halves: what is fast enough for fewer cycles is so for
more, and streams are narrower then, so that what fits with fewer fits with more.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fq_hw.errors import CapacityError, FoldingError
from fq_hw.ir import Graph
from fq_hw.schedule.choices import Choices, Estimate
from fq_hw.schedule.folding import Fold, Folding
from fq_hw.schedule.in_turn.stage import InTurn, Supply
from fq_hw.schedule.lower import lower
from fq_hw.schedule.memories import taken
from fq_hw.schedule.resources import Resources, resources
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.solver import hopeless, solve
from fq_hw.schedule.units import (
    ArrayUnit,
    ConvertUnit,
    ConvUnit,
    DepthwiseUnit,
    FifoUnit,
    LineUnit,
    LookupUnit,
    ParameterUnit,
    ReorderUnit,
    RomUnit,
    SpreadUnit,
    ThresholdUnit,
    WindowPoolUnit,
    WindowUnit,
)

__all__ = ["Shortage", "fastest", "fewest", "fold_at", "least_lut", "shortage"]

NO_LIMIT = 10**9  # far beyond every device
ROLES = {  # what an error calls units
    RomUnit: "levels",
    WindowUnit: "lines",
    ReorderUnit: "reordering",
    FifoUnit: "skip FIFOs",
    ConvUnit: "engines",
    DepthwiseUnit: "engines",
    WindowPoolUnit: "pools",
    ThresholdUnit: "thresholds",
    LineUnit: "thresholds",
    LookupUnit: "tables",
    SpreadUnit: "larger images",
    ConvertUnit: "converters",
    ArrayUnit: "array",
    ParameterUnit: "weights of the array",
}
SHOWN = 4  # of these
PLACES = {Supply.CHIP: "on the chip", Supply.STREAM: "outside"}
NAMES = {"ebr": "EBR", "ff": "flip-flops", "lut": "LUT4"}


@functools.lru_cache(1)
def choices_of(
    graph: Graph,
    estimate: Estimate,
    levels: int,
    arrays: tuple[InTurn, ...],
    slots: Slots | None,
) -> Choices:
    """The tables of the graph that was asked about last: one question leads to the next."""
    return Choices(graph, estimate, levels, arrays, slots)


def fold_at(
    choices: Choices,
    cycles: int,
    limits: Resources | None,
    report: Callable[[str], None] = str,
    asked: int | None = None,
) -> Folding | None:
    """The folding of least LUT for frames of ``cycles``; None when none keeps ``limits``."""
    problem, folds = choices.at(cycles, asked)
    if limits is not None and hopeless(problem, limits):
        return None
    report(f"solver: {cycles:,} cycles per frame")
    picked = solve(problem, limits)
    if picked is None:
        return None
    return folding(choices, cycles, folds, picked)


def folding(
    choices: Choices, cycles: int, folds: Sequence[Sequence[Fold]], picked: Sequence[int]
) -> Folding:
    """The fold that was picked for every convolution, and behind these where ROMs lie."""
    rows = zip(choices.convs, folds, picked, strict=False)
    found = {conv.name: row[index] for conv, row, index in rows}
    more = {"arrays": choices.arrays, "slots": choices.slots}
    return Folding(folds=found, cycles=cycles, logic=choices.logic(cycles, picked), **more)


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """What frames of so many ``cycles`` need at least of one ``kind``, more than they ``have``.

    ``takers`` are what takes most of it, ``arrays`` what computes in turn.
    """

    cycles: int
    kind: str
    need: int
    have: int
    takers: tuple[tuple[str, int], ...] = ()
    arrays: tuple[InTurn, ...] = ()

    def __str__(self) -> str:
        takers = ", ".join(f"{name} {count:,}" for name, count in self.takers)
        return (
            f"{self.cycles:,} cycles per frame need at least {self.need:,} {NAMES[self.kind]} "
            f"(estimate: {takers}), {self.need - self.have:,} more than the {self.have:,} that "
            f"may be used{''.join(map(beside, self.arrays))}"
        )

    def error(self, graph: Graph) -> CapacityError:
        """The same of the folding of ``graph``."""
        return CapacityError(f"folding of {graph.name!r}: {self}")


def beside(stage: InTurn) -> str:
    """An array, as it ends a sentence."""
    array, place = stage.array, PLACES[stage.supply]
    size = f"{array.columns}x{array.pe}x{array.simd}"
    trunk = " and its trunk" if stage.trunk is Supply.STREAM else ""
    return f", with an array of {size} behind {stage.after}, its weights{trunk} {place}"


def shortage(choices: Choices, cycles: int, limits: Resources) -> Shortage:
    """What is missing to keep ``limits`` in frames of ``cycles``: the least of one kind."""
    problem, folds = choices.at(cycles)
    kept = Resources(lut=NO_LIMIT, ff=NO_LIMIT, ebr=NO_LIMIT)
    for kind in NAMES:
        picked = solve(problem, kept, first=kind)
        least = problem.costs(picked)
        need, have = getattr(least, kind), getattr(limits, kind)
        if need > have:
            break
        kept = dataclasses.replace(kept, **{kind: have})
    found = folding(choices, cycles, folds, picked)
    takers = takers_of(choices, found, kind)
    arrays = choices.arrays
    return Shortage(cycles=cycles, kind=kind, need=need, have=have, takers=takers, arrays=arrays)


def takers_of(choices: Choices, found: Folding, kind: str) -> tuple[tuple[str, int], ...]:
    """What takes most of a ``kind`` of resources, most first, and how much the rest takes."""
    plan, spent = lower(choices.given, found.folds, found.cycles, **found.more), Counter()
    for node in plan.nodes:
        role = ROLES.get(type(node.unit), "others")
        count = getattr(choices.unit_costs(node.unit), kind)
        if isinstance(node.unit, RomUnit) and node.name.endswith(".weights"):
            role = "weights"
        if isinstance(node.unit, ArrayUnit) and kind == "ebr":
            role, unit = "trunk of the array", node.unit
            banks = taken(unit.bank_memories * unit.array.columns)
            spent["levels of the array"] += banks
            count -= banks
        spent[role] += count
    named = [row for row in spent.most_common() if row[0] != "others"][:SHOWN]
    rest = spent.total() - sum(count for _, count in named)
    return (*((name, count) for name, count in named if count), ("others", rest))


def least_lut(
    graph: Graph,
    cycles: int | None,
    limits: Resources | None = None,
    estimate: Estimate = resources,
    levels: int = 1,
    arrays: tuple[InTurn, ...] = (),
    slots: Slots | None = None,
) -> Folding:
    """The folding of least LUT, then block RAM, that needs at most ``cycles`` per frame.

    None stands for those of the slowest of ``arrays``, which compute their stages.

    ``levels`` of a dot product's adders stand between registers.
    Raises FoldingError when no folding is so fast, CapacityError when none so fast keeps
    ``limits``; both say what is missing.
    """
    choices = choices_of(graph, estimate, levels, arrays, slots)
    cycles = choices.array_cycles if cycles is None else cycles
    reached = [n for n in choices.intervals if n <= cycles]
    at = reached[-1] if reached else cycles
    found = fold_at(choices, at, limits, asked=cycles)
    if found is None:
        raise shortage(choices, at, limits).error(graph)
    return found


def fastest(
    graph: Graph,
    limits: Resources,
    estimate: Estimate = resources,
    report: Callable[[str], None] = str,
    levels: int = 1,
    arrays: tuple[InTurn, ...] = (),
    slots: Slots | None = None,
    progress: Callable[[float], object] = float,
) -> Folding:
    """The folding of fewest cycles per frame that keeps ``limits``, and of least LUT among those.

    Raises CapacityError, saying what is missing, when even the slowest do not fit.
    """
    choices = choices_of(graph, estimate, levels, arrays, slots)
    found = fewest(choices, choices.intervals, limits, report, progress)
    if found is None:
        raise shortage(choices, choices.intervals[-1], limits).error(graph)
    return found


def fewest(
    choices: Choices,
    times: Sequence[int],
    limits: Resources,
    report: Callable[[str], None] = str,
    progress: Callable[[float], object] = float,
) -> Folding | None:
    """The folding of the least of ``times``, ascending, that keeps ``limits``, if any does."""
    found, low, high = None, 0, len(times)
    middle = high - 1  # whether any does, first
    while low < high:
        progress(1 - (high - low) / len(times))
        try:
            nearer = fold_at(choices, times[middle], limits, report)
        except FoldingError:  # a stream or the scores need more cycles than that
            nearer = None
        if nearer is None:
            low = middle + 1
        else:
            found, high = nearer, middle
        middle = (low + high) // 2
    return found
