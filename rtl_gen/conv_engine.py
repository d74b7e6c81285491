"""Convolution engine: PE x SIMD XNOR-popcount dot products with accumulators."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ConvUnit
from rtl_gen.counters import counter
from rtl_gen.streams import signature
from rtl_gen.xnor_dot import xnor_sum

__all__ = ["ConvEngine"]


class ConvEngine(wiring.Component):
    """``pe`` dot products of binary weights with unsigned activations, ``simd`` synapses a cycle.

    Members     i: In(stream of simd x u<act_bits>); i_weight: In(stream of pe x simd bits)
                o: Out(stream of pe x u<raw_bits>)
    Units       weight bit 1 means +1, 0 means -1; o is the raw sum, result - offset per channel
    Order       sf beats, each with its weight word, make one output beat; nf of those make a pixel
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        XNOR, adder tree over simd lanes, accumulator, in one cycle
    Resources   no DSP; weights come from outside
    Errors      none at run time; ConvUnit refuses bad foldings
    Source      Takahashi et al. 2024 (w1a2); Blott et al. 2018, FINN-R (folding)
    """

    def __init__(self, unit: ConvUnit):
        self.unit = unit
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
        beat = counter(unit.sf, "beat")
        first, last, free, accept = Signal(), Signal(), Signal(), Signal()

        # Stall only when a finished sum has nowhere to go.
        m.d.comb += [
            first.eq(beat == 0),
            last.eq(beat == unit.sf - 1),
            free.eq(~last | ~self.o.valid | self.o.ready),
            self.i.ready.eq(free & self.i_weight.valid),
            self.i_weight.ready.eq(free & self.i.valid),
            accept.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))
            with m.If(last):
                m.d.sync += self.o.valid.eq(1)

        acts = [Value.cast(self.i.payload[lane]) for lane in range(unit.simd)]
        for pe in range(unit.pe):
            partial = xnor_sum(m, acts, Value.cast(self.i_weight.payload[pe]), f"partial_{pe}")
            acc, total = Signal(unit.raw_bits, name=f"acc_{pe}"), Signal(unit.raw_bits)
            m.d.comb += total.eq(Mux(first, 0, acc) + partial)
            with m.If(accept):
                m.d.sync += acc.eq(total)
                with m.If(last):
                    m.d.sync += self.o.payload[pe].eq(total)
        return m
