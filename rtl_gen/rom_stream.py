"""A ROM as an endless stream."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import memory
from amaranth.lib.wiring import connect

from fq_hw.schedule.memories import rom_layers
from fq_hw.schedule.units import READ, RomUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest
from rtl_gen.delay import delay
from rtl_gen.read_pipe import ReadPipe, read_late
from rtl_gen.streams import memory_style

__all__ = ["RomStream", "pack_words"]


def pack_words(bits: np.ndarray) -> list[int]:
    """Rows of bits (N,width), lowest first, as integers."""
    packed = np.packbits(bits.astype(np.uint8), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def beside(words: list[int], width: int) -> int:
    """Words of ``width`` bits side by side, the first lowest."""
    return sum(word << width * place for place, word in enumerate(words))


class RomStream(UnitComponent, unit=RomUnit):
    """Words of a ROM in order, again and again: the source of weights and levels.

    Members     o: Out(stream of u<width>)
    Order       word 0 first after reset; word depth-1 is followed by word 0
    Latency     unit.latency() cycles from reset to o.valid
    Throughput  one word per cycle, or per unit.pieces of them
    Units       where unit.late says so the word comes READ cycles after it is taken
    Resources   block RAM where unit.in_block_ram says so, else logic
    Errors      none at run time; contents are depth x width bits, the lowest first
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        # The layers of a deep ROM lie side by side in its blocks. One is chosen behind the blocks'
        # output registers: in front of them nothing else may stand (boards.netlist).
        rows, layers, width = unit.rows, 1, unit.row_width
        if unit.late and unit.in_block_ram:
            rows, layers = rom_layers(unit.rows, width)
        words = [
            word >> piece * width & (1 << width) - 1
            for word in pack_words(self.contents)
            for piece in range(unit.pieces)
        ]
        m.submodules.rom = rom = memory.Memory(
            shape=unsigned(layers * width),
            depth=max(rows, 2),
            init=[beside(words[row::rows], width) for row in range(rows)],
            attrs=memory_style(unit.rows, width, unit.rom),
        )
        address, step, last = counter(unit.rows, "address"), Signal(), Signal()
        if unit.late:
            inside = (rows - 1).bit_length()
            word = read_late(
                m, rom.read_port(), address[:inside] if layers > 1 else address, "word"
            )
            if layers > 1:
                layer = delay(m, address[inside:], READ, "layer", reset_less=True)
                word = word.word_select(layer, width)
            if unit.pieces == 1:
                m.d.comb += [self.o.valid.eq(1), step.eq(self.o.ready)]
            else:
                word = self.joined(m, word, step)
        else:
            m.submodules.pipe = pipe = ReadPipe(depth=unit.depth, width=width)
            connect(m, pipe.port, rom.read_port())
            m.d.comb += [
                pipe.i.valid.eq(1),
                pipe.i.payload.eq(address),
                self.o.valid.eq(pipe.o.valid),
                pipe.o.ready.eq(self.o.ready),
                step.eq(pipe.i.ready),
            ]
            word = pipe.o.payload
        m.d.comb += [self.o.payload.as_value().eq(word), last.eq(address == unit.rows - 1)]
        with m.If(step):
            m.d.sync += address.eq(address + 1)
            with m.If(last):
                m.d.sync += address.eq(0)
        return m

    def joined(self, m: Module, piece: Value, step: Value) -> Value:
        """The word that pieces make: the last is asked for as the word is taken, the others before.

        So the last goes straight on, and the next word's first comes after it.
        """
        unit = self.unit
        _, ends = nest(m, step, piece=unit.pieces)
        m.d.comb += [self.o.valid.eq(ends["piece"]), step.eq(~ends["piece"] | self.o.ready)]
        asked = Signal(unit.pieces - 1, init=1)  # a bit for each of the others
        with m.If(step):
            m.d.sync += asked.eq(Cat(ends["piece"], asked[:-1]))
        come = delay(m, asked, READ, "come")
        others = []
        for index in range(unit.pieces - 1):
            held = Signal.like(piece, name=f"piece_{index}", reset_less=True)
            with m.If(come[index]):
                m.d.sync += held.eq(piece)
            others.append(held)
        return Cat(*others, piece)[: unit.width]
