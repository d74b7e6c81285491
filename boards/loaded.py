"""Units whose constants come from the flash, as an array's parameters do.

With them nothing that training changes is part of the bitstream: tables of the embedding, where the
sums begin, multipliers and biases of the classes. Their widths follow from the network's shape.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In

from fq_hw.export import MULTIPLIER_BITS
from fq_hw.schedule.memories import Memory, ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.plan import Node, Plan
from fq_hw.schedule.units import (
    ArrayUnit,
    ConvertUnit,
    EmbedUnit,
    ParameterUnit,
    PixelSumUnit,
    ScoreUnit,
)
from fq_hw.schedule.units.base import StoredUnit
from fq_hw.schedule.words import bits_of, score_constants, score_words
from rtl_gen.array.single_port import LANE
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter
from rtl_gen.parameters import fill_beats
from rtl_gen.pixel_embedding import PixelEmbedding

__all__ = ["LoadedEmbedUnit", "LoadedRomUnit", "replaceable"]

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
class LoadedRomUnit(StoredUnit):
    """A ROM of constants that is filled after a reset; its words come in turn, for ever.

    They lie in block RAM, in pieces of 16 bits, and are put together before they are offered.
    """

    words: int

    @property
    def contents(self) -> tuple[int, ...]:
        return self.words, self.width

    @property
    def pieces(self) -> int:
        """Words of the memory for a word of constants."""
        return ceil_div(self.width, LANE)

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return 1 << (self.words * self.pieces - 1).bit_length()

    def latency(self) -> int:
        """Cycles from reset, or from a word that was taken, to offering the next word."""
        return self.pieces + 1

    def parts(self) -> Parts:
        return Parts(
            both={"fixed": 1, "counts": bits(self.depth) + bits(self.pieces + 2)},
            ff={"word": self.pieces * LANE},
            memories=(Memory(self.depth, LANE, rom=False),),
        )


class LoadedRom(UnitComponent, unit=LoadedRomUnit):
    """Constants that come in by ``i_fill``, word by word, each in pieces.

    Members     i_fill: In(stream of u16); o: Out(stream of u<width>)
    Latency     unit.latency(), when it is full
    Throughput  one word per unit.latency() + 1 cycles
    Errors      none at run time
    """

    @classmethod
    def filling(cls, unit: LoadedRomUnit, contents: np.ndarray) -> list[int]:
        beats = fill_beats(contents)
        return beats + [0] * (unit.depth - len(beats))

    @property
    def more(self) -> Mapping[str, wiring.Member]:
        return FILL

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        m.submodules.constants = ram = memory.Memory(
            shape=LANE, depth=unit.depth, init=[], attrs={"ram_style": "block"}
        )
        fill(m, self.i_fill, {ram.write_port(): slice(0, LANE)})
        read, piece = ram.read_port(), counter(unit.pieces + 2, "piece")
        start, last = counter(unit.depth, "start"), Signal()
        word = Signal(unit.pieces * LANE, reset_less=True)
        m.d.comb += [
            read.addr.eq(start + piece),
            last.eq(start == (unit.words - 1) * unit.pieces),
            self.o.valid.eq(piece == unit.pieces + 1),
            self.o.payload.eq(word),
        ]
        with m.If(~self.o.valid & ~self.i_fill.ready):
            m.d.sync += [piece.eq(piece + 1), word.eq(Cat(word[LANE:], read.data))]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [piece.eq(0), start.eq(Mux(last, 0, start + unit.pieces))]
        return m


def replaceable(plan: Plan) -> Plan:
    """``plan`` with loaded units where it has an array; all widths follow from the shapes.

    The sums over the pixels begin at 0; what they lack is added before the multiplication.
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
        levels = unit.passes[-1].steps * unit.array.simd
        return levels * (2**unit.act_bits - 1)
    return 2**node.unit.o.bits - 1


def summed(plan: Plan) -> list[tuple[str, Node]]:
    """The end of the plan with loaded constants; its sums' starts go into them, if it has such."""
    result = plan.nodes[-1]
    scores = plan[result.inputs[0].node]
    way, constants = [scores], plan[scores.inputs[1].node]
    while isinstance(way[-1].unit, ScoreUnit | ConvertUnit):
        way.append(plan[way[-1].inputs[0].node])
    sums, unit, found = way[-1], scores.unit, []
    multiplier, start, bias = score_constants(unit, constants.contents)
    raw, sum_bits = most_of(sums), unit.sum_bits
    if isinstance(sums.unit, PixelSumUnit):
        raw = sums.unit.pixels * most_of(plan[sums.inputs[0].node])
        start, sum_bits = start + sums.contents, raw.bit_length() + 1
        at_zero = dataclasses.replace(
            sums,
            unit=dataclasses.replace(sums.unit, sum_bits=sum_bits),
            fill=lambda: np.zeros_like(start),
        )
        found.append((sums.name, at_zero))
    for node in way[1:-1]:
        wide = dataclasses.replace(node.unit, bits=sum_bits)
        found.append((node.name, dataclasses.replace(node, unit=wide)))
    whole_bits = raw.bit_length() + 2  # a start is at most as large as the largest sum
    multiplier_bits = max(unit.multiplier_bits, MULTIPLIER_BITS)
    loaded = dataclasses.replace(
        unit,
        sum_bits=sum_bits,
        multiplier_bits=multiplier_bits,
        whole_bits=whole_bits,
        falling=True,
        score_bits=max(unit.score_bits, whole_bits + multiplier_bits) + unit.biased,
    )
    rom = LoadedRomUnit(words=unit.classes, width=loaded.i_constant.width)
    contract = f"{rom.latency() + 1} cycles for a word of constants must be at most"
    rom.check(rom.latency() < loaded.class_cycles, contract, loaded.class_cycles)
    words = score_words(loaded, multiplier, start, bias)
    found.append((constants.name, dataclasses.replace(constants, unit=rom, fill=lambda: words)))
    found.append((scores.name, dataclasses.replace(scores, unit=loaded)))
    wide = dataclasses.replace(result.unit, score_bits=loaded.score_bits)
    found.append((result.name, dataclasses.replace(result, unit=wide)))
    return found
