"""Integer residual adder."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import AddUnit
from rtl_gen.streams import signature

__all__ = ["ResidualAdd"]


class ResidualAdd(wiring.Component):
    """Adds two streams beat by beat, lane by lane, without rounding or saturation.

    Members     i_a, i_b: In(streams); o: Out(stream of lanes x u<out_bits>)
    Latency     unit.latency(), from taking both beats
    Throughput  one beat per cycle
    Errors      none at run time; out_bits comes from range analysis
    Source      Takahashi et al. 2024, section 3.4 (one shared scale, so integers add)
    """

    def __init__(self, unit: AddUnit):
        self.unit = unit
        super().__init__(
            {
                "i_a": In(signature(unit.a)),
                "i_b": In(signature(unit.b)),
                "o": Out(signature(unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # A second place for a sum: readiness comes from a register, so that a chain of layers
        # that wait for each other is no chain of gates.
        total, spare = Signal(self.unit.o.width), Signal(self.unit.o.width, reset_less=True)
        word, waiting, accept = Signal.like(spare), Signal(), Signal()
        m.d.comb += [
            self.i_a.ready.eq(~waiting & self.i_b.valid),
            self.i_b.ready.eq(~waiting & self.i_a.valid),
            accept.eq(self.i_a.valid & self.i_a.ready),
            total.eq(Cat(self.lane(m, lane) for lane in range(self.unit.lanes))),
            self.o.payload.as_value().eq(word),
        ]
        with m.If(~waiting):
            m.d.sync += spare.eq(total)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                word.eq(Mux(waiting, spare, total)),
                self.o.valid.eq(waiting | accept),
                waiting.eq(0),
            ]
        with m.Elif(accept):
            m.d.sync += waiting.eq(1)
        return m

    def lane(self, m: Module, lane: int) -> Signal:
        """One lane's sum, in ``out_bits``."""
        total = Signal(self.unit.out_bits, name=f"sum_{lane}")
        m.d.comb += total.eq(self.i_a.payload[lane] + self.i_b.payload[lane])
        return total
