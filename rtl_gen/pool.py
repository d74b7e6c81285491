"""Pooling: the largest value or the sum of windows that lie side by side."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units import Pooling, PoolUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest

__all__ = ["Pool"]


class Pool(UnitComponent, unit=PoolUnit):
    """Grows a row of windows in a memory and gives each window with its last pixel.

    Contents, where unit.signed: -1 for each channel whose smallest value is wanted.

    Members     i: In(stream of lanes x u<in_bits>); o: Out(stream of lanes x u<bits>)
    Order       raster order, channel slices fastest, both ways
    Latency     unit.latency(), from a window's last beat
    Throughput  one beat per cycle
    Path        memory, then one comparison or addition
    Resources   distributed RAM of unit.depth words
    Errors      none at run time; PoolUnit refuses windows that do not fit
    """

    def elaborate(self, platform):
        m = Module()
        unit, width = self.unit, self.unit.o.width
        accept, emit = Signal(), Signal()
        at, last = nest(m, accept, fold=unit.slices, column=unit.width, row=unit.height)
        first_column, last_column, inside, base = self.across(m, accept, last)
        first_row, last_row = self.down(m, accept, last)
        m.submodules.grown = grown = memory.Memory(
            shape=unsigned(width), depth=max(unit.depth, 2), init=[]
        )
        write, old = grown.write_port(), grown.read_port(domain="comb")
        after = Signal(width)
        m.d.comb += [
            emit.eq(last_row & last_column),
            self.i.ready.eq(~emit | ~self.o.valid | self.o.ready),
            accept.eq(self.i.valid & self.i.ready),
            write.addr.eq(base + at["fold"]),
            old.addr.eq(base + at["fold"]),
            write.data.eq(after),
            write.en.eq(accept & inside),
        ]
        for lane in range(unit.lanes):
            part = slice(lane * unit.o.bits, (lane + 1) * unit.o.bits)
            falls = self.falling(m, at["fold"], lane)
            grows = self.grow(old.data[part], self.i.payload[lane], falls)
            m.d.comb += after[part].eq(Mux(first_row & first_column, self.i.payload[lane], grows))
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept & emit):
            m.d.sync += [self.o.payload.as_value().eq(after), self.o.valid.eq(1)]
        return m

    def falling(self, m: Module, fold: Value, lane: int) -> Value:
        """Whether the smallest value of a lane's channel is wanted."""
        falls = Signal(name=f"falls_{lane}")
        signs = self.contents[lane :: self.unit.lanes] if self.unit.signed else np.zeros(0)
        with m.Switch(fold):
            for which in np.flatnonzero(signs < 0).tolist():
                with m.Case(which):
                    m.d.comb += falls.eq(1)
        return falls

    def grow(self, old: Value, new: Value, falls: Value) -> Value:
        """A window with one more value."""
        if self.unit.pooling is Pooling.SUM:
            return old + new
        return Mux((new > old) ^ falls, new, old)

    def across(self, m: Module, accept: Value, last: dict[str, Value]) -> tuple[Value, ...]:
        """Whether a column is its window's first, its last, in one at all; the window's address."""
        unit = self.unit
        column, base = counter(unit.kernel[1], "window_column"), counter(unit.depth + 1, "base")
        ends = column == unit.kernel[1] - 1
        with m.If(accept & last["fold"]):
            m.d.sync += column.eq(Mux(ends, 0, column + 1))
            with m.If(ends):
                m.d.sync += base.eq(base + unit.slices)
            with m.If(last["column"]):
                m.d.sync += [column.eq(0), base.eq(0)]
        return column == 0, ends, base != unit.depth, base

    def down(self, m: Module, accept: Value, last: dict[str, Value]) -> tuple[Value, Value]:
        """Whether a row is its windows' first, or last."""
        row = counter(self.unit.kernel[0], "window_row")
        ends = row == self.unit.kernel[0] - 1
        with m.If(accept & last["column"]):
            m.d.sync += row.eq(Mux(ends | last["row"], 0, row + 1))
        return row == 0, ends
