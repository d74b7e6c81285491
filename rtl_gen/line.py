"""Requantizing by a product and a shift: integer sums to levels."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from fq_hw.schedule.units.line import LineUnit
from rtl_gen.engine import Engine, Near

__all__ = ["Line", "level"]


def limbs(value: Value, size: int) -> list[tuple[int, Value]]:
    """A number's parts of ``size`` bits and their places; the last has its sign."""
    is_signed = value.shape().signed
    found = []
    for place in range(0, len(value) - is_signed, size):
        last = place + size >= len(value) - is_signed
        part = value[place:] if last else value[place : place + size]
        found.append((place, part.as_signed() if last and is_signed else part))
    return found


def in_logic(a: Value, b: Value) -> Value:
    """a * b, for a ``b`` without sign: a sum by twos, of which synthesis makes no multiplier."""
    terms = [Mux(bit, a, 0) << place for place, bit in enumerate(b)]
    while len(terms) > 1:
        terms = [sum(terms[n : n + 2], Const(0)) for n in range(0, len(terms), 2)]
    return terms[0]


def level(
    m: Module, unit: LineUnit, number: Value, word: Value, name: str, ends: tuple[Value, Value]
) -> Value:
    """The level of ``number`` by the constants in ``word``, ``sum_cycles`` later.

    It stays between ``ends``, which need not change while numbers are on their way.
    """

    def later(value: Value, what: str, width: int | None = None) -> Signal:
        shape = value.shape() if width is None else signed(width)
        register = Signal(shape, name=f"{what}_{name}", reset_less=True)
        m.d.sync += register.eq(value)
        return register

    at, fields = 0, []
    biases = [unit.bias_bits] * (2 if unit.two_sided else 1)
    for width in (unit.origin_bits, unit.slope_bits, *biases):
        fields.append(word[at : at + width])
        at += width
    origin, slope, *bias = fields
    value = later(number + origin.as_signed(), "value", unit.value_bits)
    slope = later(slope, "slope")
    bias = [later(one.as_signed(), f"bias_{n}") for n, one in enumerate(bias)]
    chosen = Mux(value < 0, bias[-1], bias[0]) if unit.two_sided else bias[0]
    terms: list[Value] = [
        later(in_logic(a, b) if unit.logic else a * b, f"product_{x}_{y}") << x + y
        for x, a in limbs(value, unit.LIMB)
        for y, b in limbs(slope, unit.LIMB)
    ]
    terms.append(later(chosen, "chosen", unit.bias_bits))
    pairs = [terms[n : n + 2] for n in range(0, len(terms), 2)]
    sums = [later(sum(pair, Const(0)), f"pair_{n}", unit.sum_bits) for n, pair in enumerate(pairs)]
    scaled = later(sum(sums, Const(0)), "total", unit.sum_bits) >> unit.shift
    found, (low, high) = Signal(unit.out_bits, name=f"level_{name}"), ends
    m.d.comb += found.eq(Mux(scaled < low, low, Mux(scaled > high, high, scaled)))
    return found


class Line(Engine, unit=LineUnit):
    """Adds a constant, multiplies by another, adds a third, drops the lowest bits, and saturates.

    Members     i: In(stream of lanes x u<in_bits>); i_constant: In(stream of constant words)
                o: Out(stream of lanes x u<out_bits>)
    Order       every beat has its constant word, in the same order
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        an addition, or a product of limbs, between registers that never wait
    Resources   a multiplier of the device for each product of limbs, unless they lie in logic
    Errors      none at run time
    Source      multiplier and shift instead of a real factor: Jacob et al. 2018
    """

    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        words, ends = self.i_constant.payload, (Const(self.unit.low), Const(self.unit.high))
        return [
            level(m, self.unit, self.i.payload[lane], Value.cast(words[lane]), str(lane), ends)
            for lane in range(self.unit.lanes)
        ]
