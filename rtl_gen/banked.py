"""A memory of banks: a group of beats is written while the one before is read in another order."""

from __future__ import annotations

import abc

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory
from amaranth.lib.wiring import connect

from rtl_gen.component import UnitComponent
from rtl_gen.counters import nest
from rtl_gen.read_pipe import ReadPipe
from rtl_gen.skid_buffer import SkidBuffer
from rtl_gen.streams import memory_style, wire

__all__ = ["Banked"]


class Banked(UnitComponent):
    """Base of components of banked units; each says how a group is read.

    Members     i: In(stream of lanes x u<bits>); o: Out(stream of the same beats)
    Latency     unit.latency()
    Throughput  one beat per cycle; unit.turnaround cycles of waiting a group
    Resources   unit.depth words of RAM
    Errors      none at run time
    """

    @abc.abstractmethod
    def reading(self, m: Module, step: Value) -> tuple[Value, Value]:
        """Where the next beat lies in its group, and whether it is the last that leaves."""

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
        address, ends = self.reading(m, step)

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
        m.d.comb += [
            put_group.eq(put & put_last["place"]),
            step_group.eq(step & ends),
            self.i.ready.eq(kept != unit.banks),
            put.eq(self.i.valid & self.i.ready),
            write.en.eq(put),
            write.addr.eq(self.in_bank(put_at["place"], put_bank)),
            write.data.eq(self.i.payload.as_value()),
            requests.i.valid.eq(waiting != 0),
            step.eq(requests.i.valid & requests.i.ready),
            asked.address.eq(self.in_bank(address, bank)),
            asked.last.eq(ends),
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
