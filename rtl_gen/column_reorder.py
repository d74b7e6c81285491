"""Reordering: sums of a group of pixels, from fold by fold to pixel by pixel."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory
from amaranth.lib.wiring import connect

from fq_hw.schedule.units import ReorderUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest
from rtl_gen.read_pipe import ReadPipe
from rtl_gen.skid_buffer import SkidBuffer
from rtl_gen.streams import memory_style, wire

__all__ = ["ColumnReorder"]


class ColumnReorder(UnitComponent, unit=ReorderUnit):
    """A memory of banks: a group is written while the one before is read.

    Members     i: In(stream of lanes x u<bits>); o: Out(stream of the same beats)
    Order       in: fold, column, slice, the last fastest; out: column, fold, slice, but for the
                idle slices
    Latency     unit.latency()
    Throughput  one beat per cycle; unit.turnaround cycles of waiting a group
    Resources   unit.depth words of RAM
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit, width = self.unit, self.unit.i.width
        m.submodules.ram = ram = memory.Memory(
            shape=unsigned(width), depth=unit.depth, init=[], attrs=memory_style(unit.depth, width)
        )
        m.submodules.pipe = pipe = ReadPipe(depth=unit.depth, width=width)
        write = ram.write_port()
        connect(m, pipe.port, ram.read_port())

        # First of all: a module's signals are named in order, and taps look for its o.
        wire(m, pipe.o, self.o)
        put, step = Signal(), Signal()
        put_at, put_last = nest(m, put, place=unit.group_beats)
        last = self.loops(m, step)

        put_bank, bank = Signal(range(unit.banks)), Signal(range(unit.banks))
        # Requests wait in two places: the loops do not hear of a stall in the cycle it begins.
        request = data.StructLayout({"address": pipe.i.payload.shape(), "last": 1})
        m.submodules.requests = requests = SkidBuffer(request)
        asked, taken = requests.i.p, requests.o.p
        # Whole groups in the memory, and those of them that nobody has asked for yet.
        kept, waiting = Signal(range(unit.banks + 1)), Signal(range(unit.banks + 1))
        put_group, step_group, done = Signal(), Signal(), Signal()
        m.d.sync += [
            done.eq(requests.o.valid & requests.o.ready & taken.last),
            kept.eq(kept + put_group - done),
            waiting.eq(waiting + put_group - step_group),
            put_bank.eq(put_bank + put_group),
            bank.eq(bank + step_group),
        ]
        address = self.address(m, step, last)
        m.d.comb += [
            put_group.eq(put & put_last["place"]),
            step_group.eq(step & last["column"]),
            self.i.ready.eq(kept != unit.banks),
            put.eq(self.i.valid & self.i.ready),
            write.en.eq(put),
            write.addr.eq(self.in_bank(put_at["place"], put_bank)),
            write.data.eq(self.i.payload.as_value()),
            requests.i.valid.eq(waiting != 0),
            step.eq(requests.i.valid & requests.i.ready),
            asked.address.eq(self.in_bank(address, bank)),
            asked.last.eq(last["column"]),
            pipe.i.valid.eq(requests.o.valid),
            pipe.i.payload.eq(taken.address),
            requests.o.ready.eq(pipe.i.ready),
        ]
        return m

    def in_bank(self, place: Value, bank: Value) -> Value:
        """The address of a place in a bank."""
        words = self.unit.bank_words
        if words & (words - 1):
            return place + Mux(bank, words, 0)
        return Cat(place, bank)

    def loops(self, m: Module, step: Value) -> dict[str, Value]:
        """Whether the loops of the reader end: over slices, folds and columns."""
        unit = self.unit
        if not unit.idle:
            return nest(m, step, slice=unit.slices, fold=unit.folds, column=unit.columns)[1]
        _, last = nest(m, step, fold=unit.pixel_beats, column=unit.columns)
        at, end = counter(unit.slices, "slice"), Signal(name="slice_at_end")
        with m.If(step):  # the last fold ends early
            m.d.sync += [
                at.eq(Mux(end | last["fold"], 0, at + 1)),
                end.eq(~(end | last["fold"]) & (at == unit.slices - 2)),
            ]
        return {"slice": end, **last}

    def address(self, m: Module, step: Value, last: dict[str, Value]) -> Signal:
        """Where the next beat lies: steps are constants, so that nothing is multiplied."""
        unit = self.unit
        address, column = counter(unit.group_beats, "address"), counter(unit.group_beats, "column")
        following = Signal.like(address)
        m.d.comb += following.eq(address + 1)
        with m.If(last["slice"]):
            m.d.comb += following.eq(address + (unit.columns - 1) * unit.slices + 1)
        with m.If(last["fold"]):
            m.d.comb += following.eq(column + unit.slices)
        with m.If(last["column"]):
            m.d.comb += following.eq(0)
        with m.If(step):
            m.d.sync += address.eq(following)
            with m.If(last["fold"]):
                m.d.sync += column.eq(following)
        return address
