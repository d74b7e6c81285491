"""A frame on its way into an array's memories, or out: levels in the banks, sums in the trunk."""

from __future__ import annotations

import itertools

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit, ceil_div
from rtl_gen.array.banks import write_layout
from rtl_gen.counters import walk
from rtl_gen.streams import signature

__all__ = ["BankLoader", "BankUnloader", "TrunkPort"]


class BankLoader(wiring.Component):
    """Writes the levels of a frame into the banks.

    Members     i: In(stream of levels), raster order, as ArrayUnit.i; taken while ``enable``, a
                whole pixel with its last word
                enable: In(1); done: Out(1), high in the last cycle of a frame
                write: Out(write_layout)
    Order       pixels beyond the width, up to a whole group, become zeros
    Throughput  a word per cycle
    Errors      none at run time
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        super().__init__(
            {
                "i": In(signature(unit.i)),
                "enable": In(1),
                "done": Out(1),
                "write": Out(write_layout(unit)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit, region, columns = self.unit, self.unit.entry, self.unit.array.columns
        step, beyond = Signal(), Signal()
        address = Signal(len(self.write.addr), init=region.base)
        at, end = walk(
            m, step, address,
            word=(region.words, region.word_step),
            parity=(region.stride, region.groups),
            bank=(columns, 0),
            group=(region.groups, 1),
            row=(region.rows, region.row_step),
        )  # fmt: skip
        parity = at["parity"] if region.stride > 1 else at["parity"][:0]
        x = Cat(parity, at["bank"], at["group"])
        beat, last_word = self.i.payload.as_value(), 1
        if unit.whole:
            size = len(self.write.word)
            padded = Cat(beat, Const(0, region.words * size - len(beat)))
            beat, last_word = padded.word_select(at["word"], size), at["word"] == region.words - 1
        m.d.comb += [
            beyond.eq(x >= unit.shape_in[1]),
            self.i.ready.eq(self.enable & ~beyond & last_word),
            step.eq(self.enable & (beyond | self.i.valid)),
            self.done.eq(step & end),
            self.write.banks.eq(Mux(step, 1 << at["bank"], 0)),
            self.write.addr.eq(address),
            self.write.lanes.eq(-1),
            self.write.word.eq(Mux(beyond, 0, beat)),
        ]
        return m


class BankUnloader(wiring.Component):
    """Reads the levels that leave from the banks.

    Members     o: Out(stream of levels), raster order, as ArrayUnit.o
                enable: In(1); done: Out(1), high in the last cycle of a frame
                addr: Out, of all banks; next: Out(1), they read on
                banks: In(a word per column), unit.reads cycles later in which they do
    Order       pixels beyond the width, up to a whole group, are read and not offered
    Throughput  a word per cycle
    Errors      none at run time
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        word = unit.array.simd * unit.act_bits
        super().__init__(
            {
                "enable": In(1),
                "done": Out(1),
                "addr": Out((unit.array.depth - 1).bit_length()),
                "next": Out(1),
                "banks": In(data.ArrayLayout(word, unit.array.columns)),
                "o": Out(signature(unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit, region, step, ended = self.unit, self.unit.leaves, Signal(), Signal()
        address = Signal(len(self.addr), init=region.base)
        at, end = walk(
            m, step, address,
            word=(region.words, region.word_step),
            bank=(unit.array.columns, 0),
            group=(region.groups, 1),
            row=(region.rows, region.row_step),
        )  # fmt: skip
        inside = Cat(at["bank"], at["group"]) < unit.shape_out[1]
        under_way = [Signal(name=f"read_{n}") for n in range(unit.reads)]
        banks = [Signal.like(at["bank"], name=f"bank_{n}") for n in range(unit.reads)]
        with m.If(self.next):
            for ahead, behind in itertools.pairwise([*under_way[::-1], step & inside]):
                m.d.sync += ahead.eq(behind)
            for ahead, behind in itertools.pairwise([*banks[::-1], at["bank"]]):
                m.d.sync += ahead.eq(behind)
            m.d.sync += self.o.valid.eq(under_way[-1])
            word = self.banks[banks[-1]]
            m.d.sync += self.o.payload.eq(word[: unit.o.width])
        m.d.comb += [
            self.addr.eq(address),
            self.next.eq(~self.o.valid | self.o.ready),
            step.eq(self.enable & self.next & ~ended),
            self.done.eq(ended & self.next & ~Cat(under_way).any()),
        ]
        with m.If(step & end | self.done):
            m.d.sync += ended.eq(~self.done)
        return m


class TrunkPort(wiring.Component):
    """Streams sums of a frame into the trunk, or out of it.

    Members     enable: In(1); done: Out(1), high in the last cycle of a frame
                addr: Out, of the trunk
                in: i: In(stream of sums), as ArrayUnit.i; write: Out(1), data: Out(pe x value_bits)
                out: o: Out(stream of sums), as ArrayUnit.o; data: In(pe x value_bits), what the
                trunk read; next: Out(1), it reads on
    Order       as ArrayUnit.i and ArrayUnit.o say
    Throughput  a word per cycle
    Errors      none at run time
    """

    def __init__(self, unit: ArrayUnit, *, out: bool):
        self.unit, self.out = unit, out
        word = unit.array.pe * unit.value_bits
        super().__init__(
            {
                "enable": In(1),
                "done": Out(1),
                "addr": Out((max(unit.trunk_depth, 2) - 1).bit_length()),
                "data": In(word) if out else Out(word),
                **(
                    {"next": Out(1), "o": Out(signature(unit.o))}
                    if out
                    else {"write": Out(1), "i": In(signature(unit.i))}
                ),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit, step = self.unit, Signal()
        beat = unit.o if self.out else unit.i
        height, width, channels = unit.shape_out if self.out else unit.shape_in
        columns = unit.array.columns
        row = ceil_div(width, columns) * columns  # whole groups lie in the trunk
        fold = (ceil_div(channels, beat.lanes), height * row)
        pixels = [(width, 1), (height, row)] if width < row else [(height * row, 1)]
        loops = [*pixels, fold] if self.out and unit.planar else [fold, *pixels]
        if loops == [(height * row, 1), fold]:  # one behind the other
            loops = [(height * row * fold[0], 1)]
        _, end = walk(m, step, self.addr, **{f"loop_{n}": loop for n, loop in enumerate(loops)})
        if self.out:
            read, ended = Signal(), Signal()  # the memory has read a word; none is left
            m.d.comb += [
                self.next.eq(~self.o.valid | self.o.ready),
                step.eq(self.enable & self.next & ~ended),
                self.done.eq(self.o.valid & self.o.ready & ended & ~read),
                self.o.payload.eq(self.data[: beat.width]),
            ]
            with m.If(self.next):
                m.d.sync += [read.eq(step), self.o.valid.eq(read)]
            with m.If(step & end | self.done):
                m.d.sync += ended.eq(~self.done)
        else:
            m.d.comb += [
                self.done.eq(step & end),
                self.i.ready.eq(self.enable),
                step.eq(self.enable & self.i.valid),
                self.write.eq(step),
                # A stream may have bits above those of the largest sum.
                self.data.eq(Cat(Cat(v, Const(0, unit.value_bits))[: unit.value_bits]
                                 for v in self.i.payload)),
            ]  # fmt: skip
        return m
