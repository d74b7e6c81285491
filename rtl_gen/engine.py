"""What engines have in common: when a beat is taken, what ends a sum, where sums wait."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import fifo, memory

from fq_hw.schedule.units import READ, ceil_div
from fq_hw.schedule.units.engine import QueuedUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest
from rtl_gen.delay import delay

__all__ = ["Engine", "Near", "kept"]


class Near(NamedTuple):
    """For a PE: whether its accumulators add in this cycle, and begin anew after it.

    Where several pixels take turns: which of them adds, which will in the next cycle, and whether
    that one begins anew.
    """

    adding: Value
    ending: Value
    place: Value | None = None
    after: Value | None = None
    begins: Value | None = None


def kept(name: str, limit: int = 2, init: int = 0) -> Signal:
    """A register for 0..limit-1 that synthesis does not merge with its twins."""
    return Signal(range(limit), name=name, init=init, attrs={"keep": "true"})


class Engine(UnitComponent):
    """Base of engines. Derive one by saying how ``sums`` are made.

    The arithmetic runs freely: nothing in it waits. A group's last beat is accepted only when one
    of ``slots`` places for finished sums is free, so that a sum never arrives at a full output.
    """

    unit: QueuedUnit

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        # Readiness goes far, to the addresses of every RAM of window and weights: it comes from a
        # register, and that from registers through as few gates as can be.
        free, accept, finish = Signal(init=1), Signal(), Signal()
        taken = self.o.valid & self.o.ready
        last, last_next = self.last(m, accept)
        fresh = self.fresh(m, accept)  # whether the awaited beat comes with a weight word
        weighed: Value = Const(1)
        for name in unit.PARAMETERS:
            words = getattr(self, name)
            weighed = words.valid | ~fresh
            m.d.comb += words.ready.eq(free & self.i.valid & fresh)
        m.d.comb += [
            self.i.ready.eq(free & weighed),
            accept.eq(self.i.valid & weighed & free),
            finish.eq(accept & last),
        ]
        m.d.sync += free.eq(~last_next | ~self.full(m, finish, taken))

        # What a beat is, a cycle before it passes the accumulators.
        marks = delay(m, Cat(accept, finish), unit.sum_cycles - 1, "marks")
        near = self.nears(m, marks)
        loads = delay(m, accept & fresh, READ - 1, "fresh") if unit.hold > 1 else None
        self.collect(m, self.sums(m, near, loads, accept), near, delay(m, marks[1], 1, "finishing"))
        return m

    @abc.abstractmethod
    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        """What the beat completes, column by column.

        ``loads`` says, a cycle before it comes, that a weight word does, where not every beat has
        one; ``accept`` that a beat is taken.
        """

    def fresh(self, m: Module, accept: Value) -> Value:
        """Whether the awaited beat is the first of those that share a weight word."""
        if self.unit.hold == 1:
            return Const(1)
        fresh = Signal(init=1)
        _, ends = nest(m, accept, turn=self.unit.hold)
        with m.If(accept):
            m.d.sync += fresh.eq(ends["turn"])
        return fresh

    def last(self, m: Module, accept: Value) -> tuple[Value, Value]:
        """Whether the awaited beat is the last of a sum; whether the one after this cycle is."""
        sf, hold = self.unit.sf, self.unit.hold
        if sf == 1:
            return Const(1), Const(1)
        beats = sf * hold  # the last ``hold`` of them end a sum each
        last, before = Signal(), Signal(init=beats == 2, name="before_last")
        with m.If(accept):
            m.d.sync += last.eq(before)
            if beats == 2:
                m.d.sync += before.eq(last)
        if beats > 2:
            beat = counter(beats, "beat")
            with m.If(accept):
                if hold == 1:
                    m.d.sync += [beat.eq(Mux(last, 0, beat + 1)), before.eq(beat == beats - 3)]
                else:
                    m.d.sync += beat.eq(Mux(last & ~before, 0, beat + 1))
                    with m.If((beat == beats - hold - 2) | (beat == beats - 2)):
                        m.d.sync += before.eq(~before)
        return last, Mux(accept, before, last)

    def full(self, m: Module, finish: Value, taken: Value) -> Value:
        """Whether every place for a sum is taken or promised once this cycle is over."""
        slots = self.unit.slots
        pending = Signal(range(slots + 1))  # sums accepted and not yet taken from o
        almost, full = Signal(init=slots == 1), Signal()  # pending is slots - 1, is slots
        m.d.sync += pending.eq(pending + finish - taken)
        with m.If(finish & ~taken):
            m.d.sync += [almost.eq(pending + 2 == slots), full.eq(almost)]
        with m.Elif(taken & ~finish):
            m.d.sync += [almost.eq(full), full.eq(0)]
        return ~taken & (full | almost & finish)

    def nears(self, m: Module, marks: Value) -> list[Near | None]:
        """What each PE's accumulators must know."""
        unit = self.unit
        if unit.sf == 1:
            return [None] * unit.pe
        if unit.hold == 1:
            return [self.near(m, marks, pe) for pe in range(unit.pe)]
        copies = ceil_div(unit.pe, unit.GROUP)
        groups = [self.turns(m, marks, group) for group in range(copies)]
        return [groups[pe // unit.GROUP] for pe in range(unit.pe)]

    def near(self, m: Module, marks: Value, pe: int) -> Near:
        """A PE's own copies of the marks: registers that synthesis does not merge."""
        adding = kept(f"adding_{pe}")
        ending = kept(f"ending_{pe}", init=1)  # a reset ends a sum, too
        m.d.sync += [adding.eq(marks[0]), ending.eq(marks[1])]
        return Near(adding, ending)

    def turns(self, m: Module, marks: Value, group: int) -> Near:
        """A group of PEs' own copies of the marks, and whose turn it is."""
        last = self.unit.hold - 1
        adding, begins = kept(f"adding_{group}"), kept(f"begins_{group}", init=1)
        after, place = kept(f"after_{group}", last + 1), kept(f"place_{group}", last + 1)
        m.d.sync += [adding.eq(marks[0]), place.eq(after)]
        with m.If(marks[0]):
            m.d.sync += after.eq(Mux(after == last, 0, after + 1))
            with m.If(after == last):
                m.d.sync += begins.eq(marks[1])
        return Near(adding, marks[1], place, after, begins)

    def accumulate(self, m: Module, name: str, dot: Value, near: Near | None) -> Value:
        """The sum with ``dot``; what comes after the end of a sum begins from the start."""
        start = self.unit.start
        total = Signal(self.unit.raw_bits, name=f"total_{name}")
        if near is None:
            m.d.comb += total.eq(dot + start if start else dot)
            return total
        acc = Signal(self.unit.raw_bits, name=f"acc_{name}", init=start, reset_less=True)
        if near.place is not None:  # the pixels' sums, each read a cycle before it is added to
            ram = memory.Memory(shape=unsigned(len(acc)), depth=self.unit.hold, init=[])
            m.submodules[f"sums_{name}"] = ram
            write, read = ram.write_port(), ram.read_port(domain="comb")
            m.d.comb += [
                total.eq(acc + dot),
                write.en.eq(near.adding),
                write.addr.eq(near.place),
                write.data.eq(total),
                read.addr.eq(near.after),
            ]
            m.d.sync += acc.eq(read.data)
            with m.If(near.begins):
                m.d.sync += acc.eq(start)
            return total
        m.d.comb += total.eq(acc + dot)
        with m.If(near.adding):
            m.d.sync += acc.eq(total)
        with m.If(near.ending):  # a synchronous set and reset, which takes no LUT
            m.d.sync += acc.eq(start)
        return total

    def collect(
        self, m: Module, totals: Sequence[Value], near: Sequence[Near | None], finishing: Value
    ) -> None:
        """Finished sums wait in a register, or in a queue where they come too fast for one."""
        if self.unit.slots == 1:
            for lane, total in enumerate(totals):
                with m.If(near[lane % self.unit.pe].ending):
                    m.d.sync += self.o.payload[lane].eq(total)
            with m.If(finishing):
                m.d.sync += self.o.valid.eq(1)
            with m.Elif(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
            return
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=self.unit.o.width, depth=self.unit.slots
        )
        m.d.comb += [
            queue.w_data.eq(Cat(totals)),
            queue.w_en.eq(finishing),
            self.o.payload.as_value().eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.o.ready),
        ]
