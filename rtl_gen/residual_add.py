"""Integer residual adder."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal

from fq_hw.schedule.units import AddUnit
from rtl_gen.component import UnitComponent
from rtl_gen.skid_buffer import SkidBuffer
from rtl_gen.streams import wire

__all__ = ["ResidualAdd"]


class ResidualAdd(UnitComponent, unit=AddUnit):
    """Adds two streams beat by beat, lane by lane, shifted as the unit says, without rounding.

    Members     i_a, i_b: In(streams); o: Out(stream of lanes x u<out_bits>)
    Latency     unit.latency(), from taking both beats
    Throughput  one beat per cycle
    Errors      none at run time; out_bits comes from range analysis
    Source      Takahashi et al. 2024, section 3.4 (one shared scale, so integers add)
    """

    def elaborate(self, platform):
        m = Module()
        m.submodules.places = places = SkidBuffer(self.unit.o.width)
        m.d.comb += [
            places.i.valid.eq(self.i_a.valid & self.i_b.valid),
            self.i_a.ready.eq(places.i.ready & self.i_b.valid),
            self.i_b.ready.eq(places.i.ready & self.i_a.valid),
            places.i.payload.eq(Cat(self.lane(m, lane) for lane in range(self.unit.lanes))),
        ]
        wire(m, places.o, self.o)
        return m

    def lane(self, m: Module, lane: int) -> Signal:
        """One lane's sum, in ``out_bits``."""
        total = Signal(self.unit.out_bits, name=f"sum_{lane}")
        first, second = self.unit.shift
        m.d.comb += total.eq((self.i_a.payload[lane] << first) + (self.i_b.payload[lane] << second))
        return total
