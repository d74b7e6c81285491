"""Convolution engine: columns x PE x SIMD XNOR-popcount dot products with accumulators."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ConvUnit
from rtl_gen.counters import counter
from rtl_gen.dot_product import DotProduct, instance
from rtl_gen.later import later
from rtl_gen.streams import signature

__all__ = ["ConvEngine"]


class Delays:
    """A word of bits, and the same bits later: registers are made for what is asked, once."""

    def __init__(
        self, m: Module, bits: Value, name: str, blank: Value | None = None, level: int = 0
    ):
        self.m, self.name, self.width = m, name, len(bits)
        self.now = self.register(len(bits), f"{name}_0")
        m.d.sync += self.now.eq(bits)
        if blank is not None:  # a synchronous reset, which takes no LUT
            with m.If(blank):
                m.d.sync += self.now.eq(level)
        self.later: dict[tuple[int, int], Signal] = {}

    def register(self, width: int, name: str) -> Signal:
        """One that synthesis does not merge with its twin for other PEs."""
        return Signal(width, name=name, attrs={"keep": "true"}, reset_less=True)

    def __call__(self, bit: int, delay: int) -> Value:
        """Bit ``bit`` as it was ``delay`` cycles ago."""
        if not delay:
            return self.now[bit]
        if (bit, delay) not in self.later:
            before = self(bit, delay - 1)
            self.later[bit, delay] = self.register(1, f"{self.name}_{delay}_{bit}")
            self.m.d.sync += self.later[bit, delay].eq(before)
        return self.later[bit, delay]


class ConvEngine(wiring.Component):
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

    ``family`` names the form of the dot products (rtl_gen.dot_product), None for a plain one with
    nothing to link. The arithmetic runs freely: nothing in it waits. A group's last beat is
    accepted only when one of ``slots`` places for finished sums is free, so that a sum never
    arrives at a full output.
    """

    def __init__(self, unit: ConvUnit, family: str | None = None):
        self.unit, self.family = unit, family
        super().__init__(
            {
                "i": In(signature(unit.i)),
                "i_weight": In(signature(unit.weight)),
                "o": Out(signature(unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        # Readiness goes far, to the addresses of every RAM of window and weights: it comes from a
        # register, and that from registers through as few gates as can be.
        free, accept, finish = Signal(init=1), Signal(), Signal()
        gone = self.o.valid & self.o.ready
        last, last_next = self.last(m, accept)
        m.d.comb += [
            self.i.ready.eq(free & self.i_weight.valid),
            self.i_weight.ready.eq(free & self.i.valid),
            accept.eq(self.i.valid & self.i_weight.valid & free),
            finish.eq(accept & last),
        ]
        m.d.sync += free.eq(~last_next | ~self.full(m, finish, gone))

        # What a beat is, as it passes the accumulators.
        adding, finishing = later(m, Cat(accept, finish), unit.sum_cycles, "marks")
        self.collect(m, self.sums(m, adding, finishing), finishing)
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

    def full(self, m: Module, finish: Value, gone: Value) -> Value:
        """Whether every place for a sum is taken or promised once this cycle is over."""
        slots = self.unit.slots
        pending = Signal(range(slots + 1))  # sums accepted and not yet taken from o
        almost, full = Signal(init=slots == 1), Signal()  # pending is slots - 1, is slots
        m.d.sync += pending.eq(pending + finish - gone)
        with m.If(finish & ~gone):
            m.d.sync += [almost.eq(pending + 2 == slots), full.eq(almost)]
        with m.Elif(gone & ~finish):
            m.d.sync += [almost.eq(full), full.eq(0)]
        return ~gone & (full | almost & finish)

    def sums(self, m: Module, adding: Value, finishing: Value) -> Value:
        """The sums that the beat completes, column by column."""
        unit, tree, simd, bits = self.unit, self.unit.tree, self.unit.simd, self.unit.act_bits
        late = tree.delay if self.family not in (None, "plain") else lambda plane, lane: 0
        raws = [(plane, lane) for plane in range(bits) for lane in range(simd)]
        beat = self.i.payload.as_value()
        outside = sum(unit.pad_level << lane * bits for lane in range(simd))

        def vector(
            word: Value, name: str, width: int, stride: int, blank: Value | None = None
        ) -> Signal:
            """The raw bits of ``word``, each as late as its adder wants it."""
            delays = Delays(m, word, name, blank, outside)
            out = Signal(len(raws), name=f"{name}_raw")
            index = [
                delays(lane * width + plane * stride, late(plane, lane)) for plane, lane in raws
            ]
            m.d.comb += out.eq(Cat(index))
            return out

        def column(group: int, x: int) -> Signal:
            """The levels of column ``x`` for a group of PEs."""
            word = beat[x * simd * bits :][: simd * bits]
            blank = self.i.p.blanks[x] if unit.padded else None
            return vector(word, f"act_{group}_{x}", bits, 1, blank)

        acts = [[column(group, x) for x in range(unit.columns)] for group in range(unit.act_copies)]
        totals = []
        for pe in range(unit.pe):
            signs = vector(Value.cast(self.i_weight.payload[pe]), f"sign_{pe}", 1, 0)
            for x in range(unit.columns):
                dot = Signal(tree.sum_bits, name=f"dot_{x}_{pe}")
                self.dot(m, f"dot_{x}_{pe}", signs, acts[pe // unit.GROUP][x], dot)
                acc = Signal(unit.raw_bits, name=f"acc_{x}_{pe}")
                total = Signal(unit.raw_bits, name=f"total_{x}_{pe}")
                m.d.comb += total.eq(acc + dot if unit.sf > 1 else dot)
                with m.If(adding):
                    m.d.sync += acc.eq(total)
                with m.If(finishing):  # the next sum begins from 0: a reset, which takes no LUT
                    m.d.sync += acc.eq(0)
                totals.append((x, pe, total))
        return Cat(total for _, _, total in sorted(totals, key=lambda t: t[:2]))

    def dot(self, m: Module, name: str, signs: Value, acts: Value, total: Signal) -> None:
        """A dot product; by name, unless everything is to be in one piece."""
        if self.family is not None:
            m.submodules[name] = instance(
                self.unit.tree, self.family, signs, acts, total, self.unit.masked
            )
            return
        m.submodules[name] = part = DotProduct(self.unit.tree, masked=self.unit.masked)
        m.d.comb += [part.signs.eq(signs), part.acts.eq(acts), total.eq(part.total)]

    def collect(self, m: Module, totals: Value, finishing: Value) -> None:
        """Finished sums wait in a register, or in a queue where they come too fast for one."""
        if self.unit.slots == 1:
            with m.If(finishing):
                m.d.sync += [self.o.payload.as_value().eq(totals), self.o.valid.eq(1)]
            with m.Elif(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
            return
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=self.unit.o.width, depth=self.unit.slots
        )
        m.d.comb += [
            queue.w_data.eq(totals),
            queue.w_en.eq(finishing),
            self.o.payload.as_value().eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.o.ready),
        ]
