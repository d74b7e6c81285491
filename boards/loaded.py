"""Units whose constants come from the flash, as an array's parameters do.

With them nothing that training changes is part of the bitstream: tables of the embedding, where the
sums begin, multipliers and biases of the classes. Their widths follow from the network's shape.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In

from fq_hw.export import MULTIPLIER_BITS
from fq_hw.schedule.memories import Memory, ceil_div
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.plan import Node, Plan
from fq_hw.schedule.steps import Channels, Give, Process, Rest, Steps, Take
from fq_hw.schedule.units import (
    ArrayUnit,
    ConvertUnit,
    EmbedUnit,
    ParameterUnit,
    PixelSumUnit,
    ScoreUnit,
)
from fq_hw.schedule.words import bits_of
from rtl_gen.array.single_port import LANE
from rtl_gen.counters import counter
from rtl_gen.parameters import fill_beats
from rtl_gen.pixel_embedding import PixelEmbedding
from rtl_gen.scores import Scores

__all__ = ["LoadedEmbedUnit", "LoadedScoreUnit", "replaceable"]

FILL = {"i_fill": In(stream.Signature(LANE))}


def fill(m: Module, i: wiring.PureInterface, ports: Mapping[memory.WritePort, slice]) -> None:
    """Words from ``i``, in pieces of 16 bits, into memories: each takes its ``slice`` of them.

    It takes as many words as the memories are deep, and then no more.
    """
    some = next(iter(ports))
    depth, width = 1 << len(some.addr), max(part.stop for part in ports.values())
    lanes = ceil_div(width, LANE)
    word, lane, last = Signal(lanes * LANE), counter(lanes, "lane"), Signal()
    address, full = counter(depth, "fill_address"), Signal()
    m.d.comb += [i.ready.eq(~full), last.eq(i.valid & ~full & (lane == lanes - 1))]
    whole = Cat(word[LANE:], i.payload)  # the first piece has come down to the lowest bits
    for port, part in ports.items():
        m.d.comb += [port.addr.eq(address), port.data.eq(whole[part]), port.en.eq(last)]
    with m.If(i.valid & ~full):
        m.d.sync += [word.eq(whole), lane.eq(Mux(last, 0, lane + 1))]
    with m.If(last):
        m.d.sync += [address.eq(address + 1), full.eq(address == depth - 1)]


@dataclass(frozen=True, kw_only=True)
class LoadedEmbedUnit(EmbedUnit):
    """A pixel embedding whose table is filled after a reset; it lies in block RAM."""

    def parts(self) -> Parts:
        words = Memory(256, self.length * self.bits, rom=False)
        return Parts(lut={"fixed": 1}, ff={"fixed": 1}, memories=(words,) * self.colours)


class LoadedEmbedding(PixelEmbedding, unit=LoadedEmbedUnit):
    """A PixelEmbedding that takes its table by ``i_fill``: row by row, all tables' side by side."""

    @classmethod
    def filling(cls, unit: LoadedEmbedUnit, contents: np.ndarray) -> list[int]:
        rows = contents.transpose(1, 0, 2).reshape(256, -1)
        return fill_beats(bits_of(rows, unit.bits).reshape(256, -1))

    @property
    def more(self) -> Mapping[str, wiring.Member]:
        return FILL

    def __init__(self, unit, contents, target):
        super().__init__(unit, np.zeros_like(contents), target)

    def elaborate(self, platform):
        m = super().elaborate(platform)
        width = self.unit.length * self.unit.bits
        table = [colour if self.unit.tables > 1 else 0 for colour in range(self.unit.colours)]
        ports = {
            rom.write_port(): slice(which * width, which * width + width)
            for rom, which in zip(self.roms, table, strict=True)
        }
        fill(m, self.i_fill, ports)
        with m.If(self.i_fill.ready):
            m.d.comb += self.i.ready.eq(0)  # no pixel before the table is full
        return m


@dataclass(frozen=True, kw_only=True)
class LoadedScoreUnit(ScoreUnit):
    """A ScoreUnit whose constants are filled after a reset: multiplier, its sign, bias.

    They lie in block RAM, in pieces of 16 bits, and are read before a class is taken: the device
    is nearly full, and a register for the class ahead would not fit.
    """

    biased: bool = True

    @property
    def constant_bits(self) -> int:
        """Of a class."""
        return self.multiplier_bits + 1 + self.score_bits

    @property
    def pieces(self) -> int:
        """Words of the memory for a class."""
        return ceil_div(self.constant_bits, LANE)

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return 1 << (self.classes * self.pieces - 1).bit_length()

    @property
    def load_cycles(self) -> int:
        """Cycles in which the constants of the next class are read."""
        return self.pieces + 1

    @property
    def class_cycles(self) -> int:
        return super().class_cycles + self.load_cycles

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        load = self.load_cycles
        score = Take(i[0], then=self.latency()), Give(o[0], then=1 + load)
        return [Steps(*score, first=[Rest(load)])]

    def parts(self) -> Parts:
        words = Memory(self.depth, LANE, rom=False)
        return dataclasses.replace(super().parts(), memories=(words,))


class LoadedScores(Scores, unit=LoadedScoreUnit):
    """Scores that take their constants by ``i_fill``, class by class."""

    @classmethod
    def filling(cls, unit: LoadedScoreUnit, contents: np.ndarray) -> list[int]:
        multiplier, bias = contents
        parts = [
            bits_of(abs(multiplier), unit.multiplier_bits),
            bits_of(multiplier < 0, 1),
            bits_of(bias, unit.score_bits),
        ]
        beats = fill_beats(np.concatenate(parts, axis=1))
        return beats + [0] * (unit.depth - len(beats))

    @property
    def more(self) -> Mapping[str, wiring.Member]:
        return FILL

    def look_up(self, m: Module, index: Signal, done: Signal) -> None:
        unit = self.unit
        m.submodules.constants = ram = memory.Memory(
            shape=LANE, depth=unit.depth, init=[], attrs={"ram_style": "block"}
        )
        fill(m, self.i_fill, {ram.write_port(): slice(0, LANE)})
        read, piece = ram.read_port(), counter(unit.pieces + 2, "piece")
        start = counter(unit.depth, "start")
        self.word = Signal(unit.pieces * LANE)
        whole, last = Signal(), start == (unit.classes - 1) * unit.pieces
        m.d.comb += [read.addr.eq(start + piece), whole.eq(piece == unit.pieces + 1)]
        with m.If(~whole):
            m.d.comb += self.i.ready.eq(0)
            with m.If(~self.i_fill.ready):
                m.d.sync += piece.eq(piece + 1)
            with m.If(piece != 0):
                m.d.sync += self.word.eq(Cat(self.word[LANE:], read.data))
        with m.If(done):
            m.d.sync += [piece.eq(0), start.eq(Mux(last, 0, start + unit.pieces))]

    def multiply(self, m: Module, index: Signal, factor: Signal, negate: Value) -> None:
        bits = self.unit.multiplier_bits
        m.d.sync += factor.eq(self.word[:bits])
        m.d.comb += negate.eq(self.word[bits])

    def add_bias(self, m: Module, index: Signal, score: Signal) -> None:
        bias = self.word[self.unit.multiplier_bits + 1 :][: self.unit.score_bits]
        m.d.sync += score.eq(score + bias.as_signed())


def replaceable(plan: Plan) -> Plan:
    """``plan`` with loaded units where it has an array; all widths follow from the shapes.

    The sums over the pixels begin at 0; what they lack, times the multiplier, goes to the bias.
    """
    if not any(isinstance(node.unit, ParameterUnit) for node in plan.nodes):
        return plan
    changed = dict(summed(plan))
    nodes = []
    for node in plan.nodes:
        if isinstance(node.unit, EmbedUnit):
            unit = LoadedEmbedUnit(**fields(node.unit))
            changed[node.name] = dataclasses.replace(node, unit=unit)
        nodes.append(changed.get(node.name, node))
    return dataclasses.replace(plan, nodes=tuple(nodes))


def fields(unit: object) -> dict[str, object]:
    """The fields of a unit."""
    return {field.name: getattr(unit, field.name) for field in dataclasses.fields(unit)}


def most_of(node: Node) -> int:
    """The largest sum that a node can give, whatever its weights."""
    unit = node.unit
    if isinstance(unit, ArrayUnit) and not unit.passes[-1].add:
        levels = unit.passes[-1].uses * unit.array.simd
        return levels * (2**unit.act_bits - 1)
    return 2**node.unit.o.bits - 1


def summed(plan: Plan) -> list[tuple[str, Node]]:
    """The end of the plan with loaded scores; its sums' starts go into biases, if it has such."""
    result = plan.nodes[-1]
    scores = plan[result.inputs[0].node]
    way = [scores]
    while isinstance(way[-1].unit, ScoreUnit | ConvertUnit):
        way.append(plan[way[-1].inputs[0].node])
    sums, (multiplier, bias) = way[-1], scores.contents.astype(np.int64)
    unit, found, sum_bits = scores.unit, [], scores.unit.sum_bits
    if isinstance(sums.unit, PixelSumUnit):
        sum_bits = (sums.unit.pixels * most_of(plan[sums.inputs[0].node])).bit_length() + 1
        bias = bias + multiplier * sums.contents
        at_zero = dataclasses.replace(
            sums,
            unit=dataclasses.replace(sums.unit, sum_bits=sum_bits),
            contents=np.zeros_like(sums.contents),
        )
        found.append((sums.name, at_zero))
    for node in way[1:-1]:
        wide = dataclasses.replace(node.unit, bits=sum_bits)
        found.append((node.name, dataclasses.replace(node, unit=wide)))
    multiplier_bits = max(unit.multiplier_bits, MULTIPLIER_BITS)
    loaded = LoadedScoreUnit(
        classes=unit.classes,
        sum_bits=sum_bits,
        multiplier_bits=multiplier_bits,
        falling=unit.falling,
        score_bits=max(unit.score_bits, sum_bits + multiplier_bits) + unit.biased,
    )
    constants = np.stack([multiplier, bias])
    found.append((scores.name, dataclasses.replace(scores, unit=loaded, contents=constants)))
    wide = dataclasses.replace(result.unit, score_bits=loaded.score_bits)
    found.append((result.name, dataclasses.replace(result, unit=wide)))
    return found
