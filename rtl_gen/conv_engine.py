"""Convolution engine: columns x PE x SIMD XNOR-popcount dot products with accumulators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import fifo

from fq_hw.schedule.units import ConvUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter
from rtl_gen.delay import delay
from rtl_gen.dot_array import DotArray

__all__ = ["ConvEngine"]


class Near(NamedTuple):
    """For a PE: whether its accumulators add in this cycle, and begin anew after it."""

    adding: Value
    ending: Value


class ConvEngine(UnitComponent, unit=ConvUnit):
    """Per column ``pe`` dot products of binary weights and activations, ``simd`` synapses a cycle.

    Members     i: In(stream of columns x simd x u<act_bits>, and blanks if unit.padded)
                i_weight: In(stream of pe x simd bits)
                o: Out(stream of columns x pe x u<raw_bits>)
    Units       weight bit 1 means -1: the sign; o is the raw sum, result - offset per channel;
                where unit.masked it means 1, and 0 means 0; a blank column counts as pad_level
                payloads of i and i_weight come READ cycles after the beat is taken
    Order       sf beats, each with its weight word, make one output beat; nf of those make a group
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        ``levels_per_stage`` adders or one accumulator between registers
    Resources   no DSP; weights come from outside, one word for all columns
    Errors      none at run time; ConvUnit refuses bad foldings
    Source      Takahashi et al. 2024 (w1a2); Blott et al. 2018, FINN-R (folding)

    ``target.family`` names the form of the dot products (rtl_gen.dot_product). The arithmetic runs
    freely: nothing in it waits. A group's last beat is accepted only when one of ``slots`` places
    for finished sums is free, so that a sum never arrives at a full output.
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        # Readiness goes far, to the addresses of every RAM of window and weights: it comes from a
        # register, and that from registers through as few gates as can be.
        free, accept, finish = Signal(init=1), Signal(), Signal()
        taken = self.o.valid & self.o.ready
        last, last_next = self.last(m, accept)
        m.d.comb += [
            self.i.ready.eq(free & self.i_weight.valid),
            self.i_weight.ready.eq(free & self.i.valid),
            accept.eq(self.i.valid & self.i_weight.valid & free),
            finish.eq(accept & last),
        ]
        m.d.sync += free.eq(~last_next | ~self.full(m, finish, taken))

        # What a beat is, a cycle before it passes the accumulators.
        marks = delay(m, Cat(accept, finish), unit.sum_cycles - 1, "marks")
        near = [self.near(m, marks, pe) if unit.sf > 1 else None for pe in range(unit.pe)]
        self.collect(m, self.sums(m, near), near, delay(m, marks[1], 1, "finishing"))
        return m

    def last(self, m: Module, accept: Value) -> tuple[Value, Value]:
        """Whether the awaited beat is the last of a sum; whether the one after this cycle is."""
        sf = self.unit.sf
        if sf == 1:
            return Const(1), Const(1)
        last, before = Signal(), Signal(init=sf == 2, name="before_last")
        with m.If(accept):
            m.d.sync += [last.eq(before), before.eq(last)]
        if sf > 2:
            beat = counter(sf, "beat")
            with m.If(accept):
                m.d.sync += [beat.eq(Mux(last, 0, beat + 1)), before.eq(beat == sf - 3)]
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

    def sums(self, m: Module, near: Sequence[Near | None]) -> list[Value]:
        """The sums that the beat completes, column by column."""
        unit, simd, bits = self.unit, self.unit.simd, self.unit.act_bits
        array = DotArray(m, unit.tree, self.target.family, masked=unit.masked, kept=True)
        beat = self.i.payload.as_value()
        outside = sum(unit.pad_level << lane * bits for lane in range(simd))

        def spread(word: Value, name: str, blank: Value | None = None) -> Signal:
            """``word`` a cycle later, on its way from the memory to where it is added."""
            held = Signal(len(word), name=name, reset_less=True)
            m.d.sync += held.eq(word)
            if blank is not None:  # a synchronous set or reset, which takes no LUT
                with m.If(blank):
                    m.d.sync += held.eq(outside)
            return held

        columns = [
            spread(
                beat[x * simd * bits :][: simd * bits],
                f"act_{x}",
                self.i.p.blanks[x] if unit.padded else None,
            )
            for x in range(unit.columns)
        ]
        acts = [
            [array.acts(word, f"act_{group}_{x}") for x, word in enumerate(columns)]
            for group in range(unit.act_copies)
        ]
        totals = {}
        for pe in range(unit.pe):
            weights = spread(Value.cast(self.i_weight.payload[pe]), f"weight_{pe}")
            signs = array.signs(weights, f"sign_{pe}")
            for x in range(unit.columns):
                dot = array.dot(signs, acts[pe // unit.GROUP][x], f"{x}_{pe}")
                totals[x, pe] = self.accumulate(m, f"{x}_{pe}", dot, near[pe])
        return [totals[key] for key in sorted(totals)]

    def near(self, m: Module, marks: Value, pe: int) -> Near:
        """A PE's own copies of the marks: registers that synthesis does not merge."""
        keep = {"keep": "true"}
        adding = Signal(name=f"adding_{pe}", attrs=keep)
        ending = Signal(name=f"ending_{pe}", attrs=keep, init=1)  # a reset ends a sum, too
        m.d.sync += [adding.eq(marks[0]), ending.eq(marks[1])]
        return Near(adding, ending)

    def accumulate(self, m: Module, name: str, dot: Value, near: Near | None) -> Value:
        """The sum with ``dot``; what comes after the end of a sum begins from 0."""
        total = Signal(self.unit.raw_bits, name=f"total_{name}")
        if near is None:
            m.d.comb += total.eq(dot)
            return total
        acc = Signal(self.unit.raw_bits, name=f"acc_{name}", reset_less=True)
        m.d.comb += total.eq(acc + dot)
        with m.If(near.adding):
            m.d.sync += acc.eq(total)
        with m.If(near.ending):  # a synchronous reset, which takes no LUT
            m.d.sync += acc.eq(0)
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
