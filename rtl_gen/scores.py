"""Class scores, without a DSP: one bit of the multiplier per cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed

from fq_hw.schedule.units import ScoreUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter

__all__ = ["Scores"]


class Scores(UnitComponent, unit=ScoreUnit):
    """Multiplies each class's sum by a constant, and adds one.

    Members     i: In(stream of sums), class 0 first; i_constant: In(stream of words of constants)
                o: Out(stream of i<score_bits>)
    Order       every class has its word, in the same order
    Latency     unit.latency()
    Throughput  one class per unit.class_cycles
    Path        one addition of score_bits
    Resources   the score grows where it goes out; no DSP
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit, constant = self.unit, self.constants()
        left = counter(unit.latency(), "left")  # cycles until the score is there
        factor = Signal(unit.multiplier_bits, reset_less=True)
        addend = Signal(signed(unit.whole_bits or unit.sum_bits), reset_less=True)
        score, bias = self.o.payload[0], Signal(signed(unit.score_bits), reset_less=True)
        accept, idle = Signal(), Signal(init=1)
        m.d.comb += [
            # Idle is a register: what waits for it may be far away.
            self.i.ready.eq(idle & self.i_constant.valid),
            self.i_constant.ready.eq(idle & self.i.valid),
            accept.eq(idle & self.i.valid & self.i_constant.valid),
        ]
        with m.If(accept):
            m.d.sync += [idle.eq(0), left.eq(unit.latency() - 1), score.eq(0)]
            m.d.sync += [factor.eq(constant["multiplier"]), addend.eq(self.whole(m, constant))]
            if unit.biased:
                m.d.sync += bias.eq(constant["bias"])
        with m.Elif(left != 0):
            m.d.sync += [left.eq(left - 1), self.o.valid.eq(left == 1)]
            with m.If(left > 1 if unit.biased else 1):
                m.d.sync += score.eq((score << 1) + Mux(factor[-1], addend, 0))
                m.d.sync += factor.eq(factor << 1)
            with m.Else():
                m.d.sync += score.eq(score + bias)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [self.o.valid.eq(0), idle.eq(1)]
        return m

    def constants(self) -> dict[str, Value]:
        """The fields of a class's word."""
        found, low, word = {}, 0, self.i_constant.payload.as_value()
        for name, size in self.unit.fields.items():
            found[name] = word[low : low + size]
            low += size
        return found

    def whole(self, m: Module, constant: dict[str, Value]) -> Value:
        """The sum, or minus the sum where the multiplier is negative.

        -x is ~x + 1, and the start has that 1 already.
        """
        if not self.unit.whole_bits:
            return self.i.payload[0]
        x = Signal(signed(self.unit.whole_bits))
        m.d.comb += x.eq(self.i.payload[0])
        return (Mux(constant["falling"], ~x, x) if self.unit.falling else x) + constant["start"]
