"""Which layers stream and which an array computes: the fastest way that fits, and what binds it.

A partition is a cut: what comes before it streams, what comes behind it, up to the last sums, one
array computes in turn, with its parameters on the chip or from an SDRAM. All layers may stream, and
all convolutions may be in the array. Where an array may begin says the graph, which sizes it may
have is asked; both are tried, all of them, with the solver's folding of the rest, so the answer is
proven over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from fq_hw.errors import FoldingError, FqHwError
from fq_hw.ir import Graph
from fq_hw.schedule.choices import Choices, Estimate
from fq_hw.schedule.fold_search import Shortage, fold_at, shortage
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import fitted, passes
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


def stages(graph: Graph, arrays: Iterable[Array], estimate: Estimate) -> Iterator[InTurn]:
    """Arrays for all that comes behind some tensor.

    Left out is one that is slower than another that begins at the same tensor, and no smaller in
    any kind.
    """
    firsts, lasts = places(graph)
    for after in firsts[: firsts.index(lasts[-1])]:
        kept: list[tuple[int, Resources, InTurn]] = []
        for array in arrays:
            try:
                stage = fitted(graph, after, lasts[-1], array)
                unit = passes(graph, stage).unit
            except FqHwError:  # no array of that size can
                continue
            kept.append((unit.beats, estimate(unit), stage))
        kept.sort(key=lambda row: row[0])
        for n, (_, costs, stage) in enumerate(kept):
            if not any(faster.within(costs) for _, faster, _ in kept[:n]):
                yield stage


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
    streamed = Choices(graph, estimate, levels)
    cuts = [*stages(graph, sized, estimate)]
    ways = [streamed, *(streamed.beside((cut,)) for cut in cuts)]
    if slots is not None:
        outside = (replace(cut, supply=Supply.STREAM) for cut in cuts)
        ways += [streamed.beside((cut,), slots) for cut in outside]
    times = sorted({(cycles, n) for n, way in enumerate(ways) for cycles in way.intervals})
    found: list[tuple[Resources, Folding]] = []
    tried: list[tuple[int, int]] = []  # in vain
    refused: FoldingError | None = None
    for at, (cycles, n) in enumerate(times):
        if found and cycles > found[0][1].cycles:
            break
        report(at / len(times))
        try:
            folding = fold_at(ways[n], cycles, limits)
        except FoldingError as error:  # a stream or the scores need more cycles than that
            refused = error
            continue
        if folding is None:
            tried.append((cycles, n))
        else:
            found.append((total(ways[n], folding), folding))
    best = found[0][1].cycles if found else None
    missed = {n: cycles for cycles, n in tried if cycles != best}  # the slowest of each partition
    near = min(missed, key=lambda n: pressure(ways[n], missed[n], limits), default=None)
    binds = None if near is None else shortage(ways[near], missed[near], limits)
    if not found:
        raise binds.error(graph) if binds else refused
    costs, folding = min(found, key=lambda row: (row[0].lut, row[0].ebr))
    return Partitioned(folding=folding, costs=costs, tried=len(ways), binds=binds)


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
