"""What folds cost: every convolution's search space, priced unit by unit, and the rest of the plan.

The search space of a convolution: the fewest PE for each number of folds, or a few more where
narrower streams take them a whole number at a time; SIMD divides the channels; columns divide the
output's width and are at most COLUMNS; weights that would fill block RAM may lie in logic instead,
or in fewer blocks, where a word that is put together of several serves as many groups of columns,
at most HOLD; products of many bits may lie on the device's multipliers. How many adder levels stand
between registers is given, since it sets the clock. A fold suits a frame of so many cycles when
every unit of its convolution does.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fq_hw.errors import FoldingError, require
from fq_hw.ir import Conv, Graph, Join
from fq_hw.passes import sum_first
from fq_hw.schedule.conv_parts import ConvSite, conv_parts
from fq_hw.schedule.folding import Fold, conv_cycles, divisors
from fq_hw.schedule.in_turn.stage import InTurn, partition
from fq_hw.schedule.joins import Branches, branches
from fq_hw.schedule.lower import Lowering
from fq_hw.schedule.memories import blocks, fewest_pieces
from fq_hw.schedule.planes import codes, planes
from fq_hw.schedule.resources import Resources, resources, wires
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.skip import SKIPS, beats_waiting, registers, waiting
from fq_hw.schedule.solver import Choice, Problem, SkipCost
from fq_hw.schedule.units import (
    ArrayUnit,
    FifoUnit,
    LineUnit,
    Rom,
    RomUnit,
    Unit,
    ceil_div,
    in_block_ram,
)
from fq_hw.schedule.units.engine import multiplies

__all__ = ["COLUMNS", "Choices", "Estimate", "Priced", "folds_of"]

COLUMNS = 4  # more pixels at once have not been routed
MANY_BITS = 16  # of two factors' widths the product: fewer cost hardly more than the adders behind
MULTIPLIERS = 256  # more than any device has that is known
HOLD = 16  # words of a cell of distributed RAM
LANES = (1, 2, 4, 8)  # of streams behind an engine
TABLE = 1000  # combinations of columns of which each join's depths are known exactly

Estimate = Callable[[Unit], Resources]


def folds_of(graph: Graph, conv: Conv, levels: int = 1) -> tuple[Fold, ...]:
    """The search space of one convolution; where costs are equal, the first is taken."""
    width = graph.types[conv.name].shape[1]
    weights, act_bits = planes(conv), graph.types[conv.inputs[0]].bits
    bits = codes(conv.weight)[1]
    many = act_bits * weights.count >= MANY_BITS and multiplies(act_bits, bits)
    if conv.depthwise:
        return apart(len(conv.weight), width, levels, many)
    cout, _, _, cin = weights.bits.shape
    found = space(cout, cin, conv.taps, width, levels, conv.groups)
    if many:
        found += space(len(conv.weight), cin, conv.taps, width, levels, conv.groups, bits)
    return found


@functools.lru_cache(1024)
def apart(channels: int, width: int, levels: int, many: bool) -> tuple[Fold, ...]:
    """That of a depthwise convolution: each PE is a channel, and reads no other."""
    columns = [n for n in divisors(width) if n <= COLUMNS]
    return tuple(
        Fold(pe=pe, simd=1, columns=n, levels_per_stage=levels, dsp=dsp)
        for pe in divisors(channels)
        for n in columns
        for dsp in ((False, True) if many else (False,))
        if not dsp or pe * n <= MULTIPLIERS
    )


@functools.lru_cache(1024)
def space(
    cout: int,
    cin: int,
    taps: int,
    width: int,
    levels: int,
    groups: int = 1,
    weight_bits: int = 0,
) -> tuple[Fold, ...]:
    """The same for sizes, of which a network has few; a PE is of one group at a time.

    Weights of some ``weight_bits`` are multiplied, others are planes.
    """
    columns = [n for n in divisors(width) if n <= COLUMNS]
    pes = sorted({pe for folds in range(1, cout + 1) for pe in pes_of(cout, folds)})
    pes = divisors(cout // groups) if groups > 1 else pes
    folds = []
    for pe, simd, n in itertools.product(pes, divisors(cin)[::-1], columns):
        dsp = weight_bits > 0
        if dsp and pe * simd * n > MULTIPLIERS:
            continue
        fold = functools.partial(
            Fold, pe=pe, simd=simd, columns=n, levels_per_stage=levels, dsp=dsp
        )
        folds.append(fold())
        depth, bits = ceil_div(cout, pe) * taps * (cin // simd), pe * simd * (weight_bits or 1)
        if in_block_ram(depth, bits):
            folds.append(fold(rom=Rom.LOGIC))
            folds += [fold(hold=hold) for hold in holds(depth, bits, width // n)]
    return tuple(folds)


def pes_of(cout: int, folds: int) -> Iterator[int]:
    """The fewest PE for so many folds, and the fewest that are a multiple of some LANES."""
    fewest = ceil_div(cout, folds)
    for lanes in LANES:
        pe = ceil_div(fewest, lanes) * lanes
        if pe <= cout and ceil_div(cout, pe) == folds:
            yield pe


def holds(depth: int, width: int, across: int) -> Iterator[int]:
    """Numbers of groups ``across`` by which a ROM takes fewer blocks than by any lower one."""
    least = blocks(depth, width, rom=True)
    for hold in divisors(across)[1:]:
        if hold > HOLD:
            break
        pieces = fewest_pieces(depth, width, hold)
        taken = blocks(depth * pieces, ceil_div(width, pieces), rom=True)
        if taken < least:
            yield hold
            least = taken


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A fold with its choice for the solver and the cycles a frame takes at least."""

    fold: Fold
    choice: Choice
    beats: int


Rows = Mapping[str, Sequence[Priced]]  # by convolution


class Choices:
    """The tables of one graph, made once for all the cycles that are asked for."""

    def __init__(
        self,
        graph: Graph,
        estimate: Estimate,
        levels: int = 1,
        arrays: tuple[InTurn, ...] = (),
        slots: Slots | None = None,
    ):
        self.given, self.levels, self.arrays, self.slots = graph, levels, arrays, slots
        self.unit_costs = functools.cache(estimate)
        inside = partition(graph, arrays)
        self.graph = graph = sum_first(graph, inside)
        streamed = [op for op in graph.ops if op.name not in inside]
        self.convs = [op for op in streamed if isinstance(op, Conv)]
        self.folds = {conv.name: folds_of(graph, conv, levels) for conv in self.convs}
        self.table, self.fast = functools.cache(self.table), functools.cache(self.fast)
        self.speeds = functools.cache(self.speeds)
        self.base = functools.lru_cache(1)(self.base)  # of the cycles that were asked about last
        self.sum_of = functools.cache(lambda *made: sum(map(self.unit_costs, made), Resources()))
        # Another estimate may tell FIFOs apart that are made of the same.
        self.priced_as = FifoUnit.priced_as if inspect.unwrap(estimate) is resources else int
        self.priced_fifo = functools.cache(
            lambda lanes, bits, depth: estimate(FifoUnit(lanes=lanes, bits=bits, depth=depth))
        )
        self.forks = [branches(graph, op) for op in streamed if isinstance(op, Join)]
        # How many pixels of a join's inputs wait, where convolutions have such columns.
        self.least_pixels = functools.cache(lambda fork, columns: waiting(fork, dict(columns)))

    def beside(self, arrays: tuple[InTurn, ...], slots: Slots | None = None) -> Choices:
        """The same graph with other arrays; what was priced is not priced again."""
        other = Choices(self.given, self.unit_costs, self.levels, arrays, slots)
        if set(other.folds) <= set(self.folds):
            other.table, other.fast = self.table, self.fast
        other.unit_costs, other.least_pixels = self.unit_costs, self.least_pixels
        other.speeds = self.speeds
        other.priced_fifo = self.priced_fifo
        return other

    @functools.cached_property
    def array_cycles(self) -> int:
        """Cycles per frame of the slowest array, however its neighbours are folded."""
        nodes = self.base(1)[0].nodes if self.arrays else ()
        return max((n.unit.beats for n in nodes if isinstance(n.unit, ArrayUnit)), default=0)

    @functools.cached_property
    def intervals(self) -> list[int]:
        """Cycles per frame that an engine, an array, a stream or the scores can set, ascending.

        Anything between two of them gives no other folds than the lower one.
        """
        slowest_best, found = self.array_cycles, {self.array_cycles} - {0}
        for conv in self.convs:
            cycles = self.speeds(conv.name, self.graph.types[conv.name].shape)
            slowest_best, found = max(slowest_best, min(cycles)), found | cycles
        for kind in self.graph.types.values():
            h, w, c = kind.shape
            found |= {h * w * beats for beats in divisors(c)}
        for asked in (max(found), 1):  # several units are there in a slow and in a fast form
            base, others = self.base(asked)
            found |= {unit.beats for unit in others.values() if unit.beats}
        for site in base.sites.values():  # a window may be slower than every engine behind it
            slowest_best = max(slowest_best, min(row.beats for row in self.table(site, True)))
        return sorted(cycles for cycles in found | {slowest_best} if cycles >= slowest_best)

    def speeds(self, name: str, shape: tuple[int, ...]) -> frozenset[int]:
        """Cycles per frame of all folds of a convolution of this output."""
        conv = self.graph[name]
        return frozenset(conv_cycles(self.graph, conv, fold) for fold in self.folds[name])

    def base(self, cycles: int) -> tuple[Lowering, dict[str, Unit]]:
        """The network in frames of ``cycles``, and its units that are the same for all folds."""
        plain = {conv.name: Fold(pe=1, simd=1) for conv in self.convs}
        base = Lowering(self.given, plain, cycles, arrays=self.arrays, slots=self.slots)
        owned = {id(unit) for parts in base.parts.values() for unit in parts.units}
        skips = {f"{fork.join.name}{ending}" for fork in self.forks for ending in SKIPS}
        others = {
            node.name: node.unit
            for node in base.nodes
            if id(node.unit) not in owned and node.name not in skips
        }
        return base, others

    def movable(self, others: Mapping[str, Unit]) -> dict[str, tuple[Unit, Unit]]:
        """Those that are the same for all folds, but may lie in blocks, or on multipliers, or else
        in logic: both ways of each.
        """
        found = {}
        for name, unit in others.items():
            match unit:
                case RomUnit(in_block_ram=True):
                    found[name] = unit, replace(unit, rom=Rom.LOGIC)
                case LineUnit():
                    found[name] = unit, replace(unit, logic=True)
        return found

    def logic(self, cycles: int, picked: Sequence[int]) -> tuple[str, ...]:
        """What lies in logic where so much was picked for the layers of ``at``."""
        names = [*self.movable(self.base(cycles)[1])]
        choices = zip(names, picked[len(self.convs) :], strict=True)
        return tuple(name for name, index in choices if index)

    def table(self, site: ConvSite, dsp: bool = True) -> tuple[Priced, ...]:
        """Every fold of a convolution between streams of known width that no other beats.

        Some of them on multipliers where ``dsp`` says that there are such.
        """
        priced = []
        for fold in self.folds[site.name]:
            if fold.dsp and not dsp:
                continue
            parts = conv_parts(site, fold)
            own = parts.window, parts.weights, parts.engine
            core = self.sum_of(*own)
            ways = (unit for unit in parts.path if unit not in own)
            choice = Choice(
                costs=sum(map(self.unit_costs, ways), core),
                wires=wires(parts.engine) + wires(parts.weights),
                group=fold.group,
                held=parts.held,
                delay=parts.cycles,
            )
            priced.append(Priced(fold=fold, choice=choice, beats=parts.beats))
        return tuple(undominated(priced, shapes=True, waits=True))

    def fast(
        self, site: ConvSite, dsp: bool, slowest: int, shapes: bool, waits: bool
    ) -> tuple[Priced, ...]:
        """Of these the folds of so many beats at most; how fast they are counts no more."""
        rows = [replace(row, beats=0) for row in self.table(site, dsp) if row.beats <= slowest]
        return tuple(undominated(rows, shapes, waits))

    def at(
        self, cycles: int, asked: int | None = None, dsp: bool = True
    ) -> tuple[Problem, list[list[Fold]]]:
        """The problem for frames of ``cycles``, and the fold behind each of its choices.

        Without ``dsp`` no convolution lies on multipliers.

        Behind the convolutions comes what has none: in blocks or on multipliers, or else in logic.

        Raises FoldingError naming what needs more cycles than that, whatever the folds; it says
        ``asked``, where somebody asked for other cycles.
        """
        base, others = self.base(cycles)
        movable = self.movable(others)
        rest = (unit for name, unit in others.items() if name not in movable)
        fixed = sum(map(self.unit_costs, rest), Resources())
        beats = {name: unit.beats for name, unit in others.items()}
        tables = {name: self.table(site, dsp) for name, site in base.sites.items()}
        beats |= {name: min(row.beats for row in table) for name, table in tables.items()}
        slowest = max(beats, key=beats.__getitem__)
        contract = f"needs at least {beats[slowest]} cycles per frame"
        fast = beats[slowest] <= cycles
        came, hint = asked or cycles, "allow as many with --cycles"
        require(fast, f"folding {slowest!r}", contract, came, hint=hint, kind=FoldingError)
        slowing = {op.name for fork in self.forks for side in (0, 1) for op in fork.paths[side]}
        shaping = {name for fork in self.forks for name in fork.convs}
        rows = {}
        for name, table in tables.items():
            most = max(row.beats for row in table if row.beats <= cycles)
            rows[name] = self.fast(base.sites[name], dsp, most, name in shaping, name in slowing)
        layers = tuple(tuple(row.choice for row in table) for table in rows.values())
        ways = movable.values()
        layers += tuple(tuple(Choice(costs=self.unit_costs(unit)) for unit in way) for way in ways)
        skips = tuple(skip for fork in self.forks for skip in self.skips(fork, base, rows))
        folds = [[row.fold for row in table] for table in rows.values()]
        return Problem(layers=layers, skips=skips, fixed=fixed), folds

    def skips(self, fork: Branches, base: Lowering, rows: Rows) -> Iterator[SkipCost]:
        """The FIFOs of a join as its convolutions' choices see them."""
        names, index = fork.convs, {name: n for n, name in enumerate(rows)}
        columns = [tuple(sorted({row.fold.group for row in rows[name]})) for name in names]
        each = [[(n,) for n in choices] for choices in columns]
        if math.prod(map(len, columns)) > TABLE:  # one depth that is enough for all
            names, each, every = [], [], tuple(zip(names, columns, strict=True))
        else:
            every = ()
        waits = {
            tuple(n for (n,) in key): self.least_pixels(
                fork, every or tuple(zip(names, key, strict=True))
            )
            for key in itertools.product(*each)
        }
        shape = self.graph.types[fork.join.name].shape
        for side, x in enumerate(base.joined[fork.join.name]):
            pixel_beats = x.channels // x.lanes
            least = {key: beats_waiting(n[side], pixel_beats) for key, n in waits.items()}
            if all(depth is None for depth in least.values()):
                continue
            slow = fork.paths[1 - side]
            yield SkipCost(
                shaping=tuple(index[name] for name in names),
                least=least,
                branch=tuple(index[op.name] for op in slow if isinstance(op, Conv)),
                delay=registers(slow),
                pixels=shape[0] * shape[1],
                cycles=base.cycles,
                pixel_beats=pixel_beats,
                costs=functools.partial(self.fifo_costs, x.lanes, x.bits),
                alike=self.priced_as,
            )

    def fifo_costs(self, lanes: int, bits: int, depth: int) -> Resources:
        """What a FIFO of ``depth`` beats costs."""
        return self.priced_fifo(lanes, bits, self.priced_as(max(depth, 3)))


def undominated(table: Sequence[Priced], shapes: bool, waits: bool) -> Iterator[Priced]:
    """Rows that no other beats: as fast, no dearer, and no worse for skip FIFOs.

    What ``shapes`` a FIFO's least depth is beaten by rows of the same group alone. What ``waits``
    beside a FIFO is beaten by what has no more pixels under way: a shallower FIFO is no dearer.
    """
    alike = defaultdict(list)
    for row in sorted(table, key=order_of):
        alike[row.choice.group if shapes else 0].append(row)
    for rows in alike.values():
        all_worth = np.array([worth(row, waits) for row in rows])
        kept = np.empty_like(all_worth)
        count = 0
        for row, own in zip(rows, all_worth, strict=True):
            if not (kept[:count] <= own).all(axis=1).any():
                kept[count] = own
                count += 1
                yield row


def worth(row: Priced, waits: bool) -> tuple[int, ...]:
    """What must be no more in a row that beats another."""
    choice, costs = row.choice, row.choice.costs
    waiting = (choice.held, choice.delay) if waits else ()
    area = costs.lut + choice.wires
    scarce = costs.ebr, costs.ff, costs.spram, costs.multipliers
    return costs.lut, area, *scarce, row.beats, *waiting


def order_of(row: Priced) -> tuple[int, ...]:
    """By which whatever beats a row comes before it."""
    costs, choice = row.choice.costs, row.choice
    area = costs.lut + choice.wires
    scarce = costs.ebr, costs.ff, costs.multipliers
    return costs.lut, area, *scarce, row.beats, choice.held, choice.delay
