"""Integer residual adder."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value

from fq_hw.schedule.units.residual_add import AddUnit, digits
from rtl_gen.component import UnitComponent
from rtl_gen.skid_buffer import SkidBuffer
from rtl_gen.streams import wire

__all__ = ["ResidualAdd"]


class ResidualAdd(UnitComponent, unit=AddUnit):
    """Adds two streams beat by beat, lane by lane, times what the unit says, without rounding.

    Members     i_a, i_b: In(streams); o: Out(stream of lanes x u<out_bits>)
    Latency     unit.latency(), from taking both beats
    Throughput  one beat per cycle
    Path        an adder; with factors, those of a tree of their signed digits
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
        zeros = Const(0, self.unit.out_bits)
        sides = zip((self.i_a, self.i_b), self.unit.times, strict=True)
        terms = [
            (sign, Cat(Const(0, place), side.payload[lane], zeros)[: self.unit.out_bits])
            for side, factor in sides
            for sign, place in digits(factor)
        ]
        while len(terms) > 1:  # a tree; what is below 0 wraps, and the whole does not
            pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
            terms = [self.joined(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
        ((_, value),) = terms
        m.d.comb += total.eq(value)
        return total

    def joined(self, first: tuple[int, Value], second: tuple[int, Value]) -> tuple[int, Value]:
        """The sum of two terms, each a sign and a value: a sign and ``out_bits``."""
        (sign, a), (other, b) = first, second
        value = a + b if sign == other else a - b if sign > 0 else b - a
        return max(sign, other), value[: self.unit.out_bits]
