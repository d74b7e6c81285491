"""Class scores, without a DSP: one bit of the multiplier per cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed

from fq_hw.schedule.units import ScoreUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter

__all__ = ["Scores"]


class Scores(UnitComponent, unit=ScoreUnit):
    """Multiplies each class's sum by a constant, and adds one.

    Members     i: In(stream of i<sum_bits>), class 0 first; o: Out(stream of i<score_bits>)
    Latency     unit.latency()
    Throughput  one class per unit.class_cycles
    Path        one addition of score_bits
    Resources   the score grows where it goes out; no DSP
    Errors      none at run time; contents are a multiplier, then a bias, for each class
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        index = counter(unit.classes, "index")
        left = counter(unit.latency(), "left")  # cycles until the score is there
        factor = Signal(unit.multiplier_bits)
        addend = Signal(signed(unit.sum_bits + unit.falling))
        negate, score = Signal(), self.o.payload[0]
        accept, done, idle = Signal(), Signal(), Signal(init=1)
        m.d.comb += [
            self.i.ready.eq(idle),  # a register: what waits for it may be far away
            accept.eq(self.i.valid & self.i.ready),
            done.eq(self.o.valid & self.o.ready),
        ]
        self.look_up(m, index, done)
        with m.If(accept):
            x = self.i.payload[0]
            m.d.sync += [addend.eq(Mux(negate, -x, x) if unit.falling else x), score.eq(0)]
            m.d.sync += [left.eq(unit.latency() - 1), idle.eq(0)]
            self.multiply(m, index, factor, negate)
        with m.Elif(left != 0):
            m.d.sync += [left.eq(left - 1), self.o.valid.eq(left == 1)]
            with m.If(left > 1 if unit.biased else 1):
                m.d.sync += score.eq((score << 1) + Mux(factor[-1], addend, 0))
                m.d.sync += factor.eq(factor << 1)
            with m.Else():
                self.add_bias(m, index, score)
        with m.If(done):
            m.d.sync += [self.o.valid.eq(0), idle.eq(1)]
            m.d.sync += index.eq(Mux(index == unit.classes - 1, 0, index + 1))
        return m

    def look_up(self, m: Module, index: Signal, done: Signal) -> None:
        """Constants in logic need no address; ``index`` is the next class after ``done``."""

    def multiply(self, m: Module, index: Signal, factor: Signal, negate: Signal) -> None:
        """Take the multiplier of class ``index``, its sign at once."""
        with m.Switch(index):
            for which, constant in enumerate(self.contents[0]):
                with m.Case(which):
                    m.d.sync += factor.eq(abs(int(constant)))
                    m.d.comb += negate.eq(int(constant < 0))

    def add_bias(self, m: Module, index: Signal, score: Signal) -> None:
        """Add the constant of class ``index``."""
        with m.Switch(index):
            for which, constant in enumerate(self.contents[1]):
                with m.Case(which):
                    m.d.sync += score.eq(score + int(constant))
