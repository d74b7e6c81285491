"""Requantizing by a product and a shift: integer sums to levels."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from fq_hw.schedule.units.line import LineUnit
from rtl_gen.component import UnitComponent

__all__ = ["Line"]


def limbs(value: Value, size: int) -> list[tuple[int, Value]]:
    """A number's parts of ``size`` bits and their places; the last has its sign."""
    is_signed = value.shape().signed
    found = []
    for place in range(0, len(value) - is_signed, size):
        last = place + size >= len(value) - is_signed
        part = value[place:] if last else value[place : place + size]
        found.append((place, part.as_signed() if last and is_signed else part))
    return found


class Line(UnitComponent, unit=LineUnit):
    """Adds a constant, multiplies by another, adds a third, drops the lowest bits, and saturates.

    Members     i: In(stream of lanes x u<in_bits>); i_constant: In(stream of constant words)
                o: Out(stream of lanes x u<out_bits>)
    Order       every beat has its constant word, in the same order
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        an addition, or a product of limbs, between registers
    Resources   a multiplier of the device for each product of limbs, unit.multipliers in all
    Errors      none at run time
    Source      multiplier and shift instead of a real factor: Jacob et al. 2018
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        full = [Signal(name=f"full_{n}") for n in range(unit.STAGES - 1)]
        on: list[Value] = [self.o.ready | ~self.o.valid]
        for stage in reversed(full):
            on.insert(0, on[0] | ~stage)
        m.d.comb += [
            self.i.ready.eq(on[0] & self.i_constant.valid),
            self.i_constant.ready.eq(on[0] & self.i.valid),
        ]
        came: Value = self.i.valid & self.i_constant.valid
        for way, stage in zip(on, (*full, self.o.valid), strict=True):
            with m.If(way):
                m.d.sync += stage.eq(came)
            came = stage
        for lane in range(unit.lanes):
            self.lane(m, lane, on)
        return m

    def lane(self, m: Module, lane: int, on: Sequence[Value]) -> None:
        """One lane's registers, stage by stage."""
        unit = self.unit

        def held(stage: int, value: Value, name: str, width: int | None = None) -> Signal:
            shape = value.shape() if width is None else signed(width)
            register = Signal(shape, name=f"{name}_{lane}", reset_less=True)
            with m.If(on[stage]):
                m.d.sync += register.eq(value)
            return register

        word, at, fields = Value.cast(self.i_constant.payload[lane]), 0, []
        biases = [unit.bias_bits] * (2 if unit.two_sided else 1)
        for width in (unit.origin_bits, unit.slope_bits, *biases):
            fields.append(word[at : at + width])
            at += width
        origin, slope, *bias = fields
        value = held(0, self.i.payload[lane] + origin.as_signed(), "value", unit.value_bits)
        slope = held(0, slope, "slope")
        bias = [held(0, one.as_signed(), f"bias_{n}") for n, one in enumerate(bias)]
        chosen = Mux(value < 0, bias[-1], bias[0]) if unit.two_sided else bias[0]
        chosen = held(1, chosen, "chosen", unit.bias_bits)
        terms: list[Value] = [
            held(1, a * b, f"product_{x}_{y}") << x + y
            for x, a in limbs(value, unit.LIMB)
            for y, b in limbs(slope, unit.LIMB)
        ]
        terms.append(chosen)
        pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
        sums = [held(2, sum(pair, Const(0)), f"pair_{n}", unit.sum_bits)
                for n, pair in enumerate(pairs)]  # fmt: skip
        total = held(3, sum(sums, Const(0)), "total", unit.sum_bits)
        scaled = total >> unit.shift
        level = Mux(scaled < unit.low, unit.low, Mux(scaled > unit.high, unit.high, scaled))
        with m.If(on[4]):
            m.d.sync += self.o.payload[lane].eq(level)
