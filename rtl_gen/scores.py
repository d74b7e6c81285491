"""Class scores, without a DSP: one bit of the multiplier per cycle."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import connect, flipped

from fq_hw.schedule.units import ScorePipelineUnit, ScoreUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter
from rtl_gen.skid_buffer import SkidBuffer

__all__ = ["ScorePipeline", "Scores"]


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


class ScorePipeline(Scores, unit=ScorePipelineUnit):
    """Multiplies each class's sum by a constant, and adds one, a class in every cycle.

    Members     i: In(stream of sums), class 0 first; i_constant: In(stream of words of constants)
                o: Out(stream of i<score_bits>)
    Order       every class has its word, in the same order
    Latency     unit.latency()
    Throughput  one class per cycle
    Path        one addition of score_bits
    Resources   an adder and registers for each bit of the multiplier; no DSP
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit, constant = self.unit, self.constants()
        m.submodules.places = places = SkidBuffer(self.o.payload.shape())
        connect(m, places.o, flipped(self.o))
        both, bits = Signal(), unit.multiplier_bits
        m.d.comb += both.eq(self.i.valid & self.i_constant.valid)
        # What each register takes: the sum, what is left of the multiplier, the score so far.
        now = {"addend": self.whole(m, constant), "factor": constant["multiplier"]}
        now |= {"bias": constant["bias"].as_signed()} if unit.biased else {}
        shapes = {"addend": signed(unit.whole_bits or unit.sum_bits)}
        come, stages = both, []
        for n in range(unit.latency() - 1):
            valid, free = Signal(name=f"valid_{n}"), Signal(name=f"free_{n}")
            held = {
                name: Signal(shapes.get(name, value.shape()), name=f"{name}_{n}", reset_less=True)
                for name, value in now.items()
            }
            with m.If(free):
                m.d.sync += valid.eq(come)
                m.d.sync += [held[name].eq(value) for name, value in now.items()]
            stages.append((valid, free))
            come, now = valid, dict(held)
            if n == bits:
                now = {"score": held["score"] + held["bias"]}
                continue
            factor = now.pop("factor")
            product = Mux(factor[-1], now["addend"], 0)
            now["score"] = (now["score"] << 1) + product if n else product
            if n < bits - 1:
                now["factor"] = factor[:-1]
            else:
                del now["addend"]
        m.d.comb += [places.i.valid.eq(come), places.i.p[0].eq(now["score"])]
        ready: Value = places.i.ready
        for valid, free in reversed(stages):
            m.d.comb += free.eq(~valid | ready)
            ready = free
        m.d.comb += [
            self.i.ready.eq(ready & self.i_constant.valid),
            self.i_constant.ready.eq(ready & self.i.valid),
        ]
        return m
