"""Class scores and their argmax, without a DSP: one bit of the multiplier per cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream
from amaranth.lib.data import ArrayLayout

from fq_hw.schedule.units import Beat, ScoreUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter

__all__ = ["Scores", "result_layout"]


def result_layout(unit: ScoreUnit) -> data.StructLayout:
    """A frame's result: the label, then the score of every class."""
    return data.StructLayout(
        {
            "label": unsigned(unit.label_bits),
            "scores": ArrayLayout(signed(unit.score_bits), unit.classes),
        }
    )


class Scores(UnitComponent, unit=ScoreUnit):
    """Multiplies each class's sum by a constant, adds one, and finds the largest score.

    Members     i: In(stream of i<sum_bits>), class 0 first; o: Out(stream of {label, scores})
    Units       label is the lowest index among the largest scores
    Latency     unit.latency(), from the last class's beat
    Throughput  one class per unit.class_cycles
    Path        one addition of score_bits
    Resources   the scores in registers; no DSP
    Errors      none at run time; contents are a multiplier, then a bias, for each class
    """

    @classmethod
    def given(cls, unit: ScoreUnit, beat: Beat) -> stream.Signature:
        return stream.Signature(result_layout(unit))

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        index = counter(unit.classes, "index")
        last = 1 + unit.biased  # steps behind the multiplication: the bias, and the comparison
        left = Signal(range(unit.multiplier_bits + 1 + last))
        factor = Signal(unit.multiplier_bits)
        addend = Signal(signed(unit.sum_bits + unit.falling))
        negate = Signal()
        product, best = Signal(signed(unit.score_bits)), Signal(signed(unit.score_bits))
        accept, done, idle = Signal(), Signal(), Signal(init=1)
        m.d.comb += [
            self.i.ready.eq(idle),  # a register: what waits for it may be far away
            accept.eq(self.i.valid & self.i.ready),
            done.eq(left == 1),
        ]
        self.look_up(m, index, done)
        with m.If(accept):
            x = self.i.payload[0]
            m.d.sync += [addend.eq(Mux(negate, -x, x) if unit.falling else x), product.eq(0)]
            m.d.sync += [left.eq(unit.multiplier_bits + last), idle.eq(0)]
            self.multiply(m, index, factor, negate)
        with m.Elif(left > last):
            m.d.sync += [
                product.eq((product << 1) + Mux(factor[-1], addend, 0)),
                factor.eq(factor << 1),
                left.eq(left - 1),
            ]
        with m.Elif(left > 1):
            m.d.sync += left.eq(1)
            self.add_bias(m, index, product)
        with m.Elif(done):
            m.d.sync += [left.eq(0), self.o.p.scores[index].eq(product)]
            with m.If((index == 0) | (product > best)):
                m.d.sync += [best.eq(product), self.o.p.label.eq(index)]
            m.d.sync += [index.eq(index + 1), idle.eq(1)]
            with m.If(index == unit.classes - 1):
                m.d.sync += [index.eq(0), self.o.valid.eq(1), idle.eq(0)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [self.o.valid.eq(0), idle.eq(1)]
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

    def add_bias(self, m: Module, index: Signal, product: Signal) -> None:
        """Add the constant of class ``index``."""
        with m.Switch(index):
            for which, constant in enumerate(self.contents[1]):
                with m.Case(which):
                    m.d.sync += product.eq(product + int(constant))
