"""Reordering: sums of a group of pixels, from fold by fold to pixel by pixel."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out, connect

from fq_hw.schedule.units import ReorderUnit
from rtl_gen.counters import counter, nest
from rtl_gen.read_pipe import ReadPipe
from rtl_gen.streams import memory_style, signature

__all__ = ["ColumnReorder"]


class ColumnReorder(wiring.Component):
    """A memory of two banks: a group is written in one while the one before is read.

    Members     i: In(stream of lanes x u<bits>); o: Out(stream of the same beats)
    Order       in: fold, column, part, the last fastest; out: column, fold, part
    Latency     unit.latency()
    Throughput  one beat per cycle
    Resources   unit.depth words of RAM
    Errors      none at run time
    """

    def __init__(self, unit: ReorderUnit):
        self.unit = unit
        super().__init__({"i": In(signature(unit.i)), "o": Out(signature(unit.o))})

    def elaborate(self, platform):
        m = Module()
        unit, width = self.unit, self.unit.i.width
        m.submodules.ram = ram = memory.Memory(
            shape=unsigned(width), depth=unit.depth, init=[], attrs=memory_style(unit.depth, width)
        )
        m.submodules.pipe = pipe = ReadPipe(depth=unit.depth, width=width)
        write = ram.write_port()
        connect(m, pipe.port_0, ram.read_port())

        put, take = Signal(), Signal()
        put_at, put_last = nest(m, put, place=unit.group_beats)
        _, last = nest(m, take, part=unit.parts, fold=unit.folds, column=unit.columns)
        put_bank, bank = Signal(), Signal()
        full = Signal(2)  # per bank whether a whole group waits there
        for done, side, value in (
            (put & put_last["place"], put_bank, 1),
            (take & last["column"], bank, 0),
        ):
            with m.If(done):
                m.d.sync += [side.eq(~side), full.bit_select(side, 1).eq(value)]
        bits = len(put_at["place"]) if unit.group_beats > 1 else 0
        address = self.address(m, take, last)
        m.d.comb += [
            self.i.ready.eq(~full.bit_select(put_bank, 1)),
            put.eq(self.i.valid & self.i.ready),
            write.en.eq(put),
            write.addr.eq(Cat(put_at["place"][:bits], put_bank)),
            write.data.eq(self.i.payload.as_value()),
            pipe.i.valid.eq(full.bit_select(bank, 1)),
            take.eq(pipe.i.valid & pipe.i.ready),
            pipe.i.p.address[0].eq(Cat(address[:bits], bank)),
            self.o.valid.eq(pipe.o.valid),
            Value.cast(self.o.payload).eq(pipe.o.payload.as_value()),
            pipe.o.ready.eq(self.o.ready),
        ]
        return m

    def address(self, m: Module, take: Value, last: dict[str, Value]) -> Signal:
        """Where the next beat lies: steps are constants, so that nothing is multiplied."""
        unit = self.unit
        address, column = counter(unit.group_beats, "address"), counter(unit.group_beats, "column")
        following = Signal.like(address)
        m.d.comb += following.eq(address + 1)
        with m.If(last["part"]):
            m.d.comb += following.eq(address + (unit.columns - 1) * unit.parts + 1)
        with m.If(last["fold"]):
            m.d.comb += following.eq(column + unit.parts)
        with m.If(last["column"]):
            m.d.comb += following.eq(0)
        with m.If(take):
            m.d.sync += address.eq(following)
            with m.If(last["fold"]):
                m.d.sync += column.eq(following)
        return address
