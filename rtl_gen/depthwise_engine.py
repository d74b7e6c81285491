"""Depthwise convolution engine: a product and an accumulator for each channel and column."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value

from fq_hw.schedule.units import DepthwiseUnit
from fq_hw.schedule.units.engine import Shared
from rtl_gen.engine import Engine, Near
from rtl_gen.products import apart, levels_together, pairs

__all__ = ["DepthwiseEngine"]


class DepthwiseEngine(Engine, unit=DepthwiseUnit):
    """Per column ``pe`` channels, each multiplied by a weight of its own, a tap a cycle.

    Members     i: In(stream of columns x pe x u<act_bits>, and blanks if unit.padded)
                i_weight: In(stream of pe weights)
                o: Out(stream of columns x pe x u<raw_bits>)
    Units       a weight of one bit is a sign, 1 for -1, and others are two's complement; o is the
                raw sum, result - offset per channel; a blank column counts as pad_level
                payloads of i and i_weight come READ cycles after the beat is taken
    Order       sf taps, each with its weight word, make one output beat; nf of those make a pixel
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        one product, or the accumulator, between registers
    Resources   as unit.parts() counts; products are made of adders unless unit.dsp
    Errors      none at run time; DepthwiseUnit refuses bad foldings
    Source      depthwise convolution: Howard et al. 2017, MobileNets
    """

    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        unit, bits = self.unit, self.unit.act_bits
        weights = []
        for pe in range(unit.pe):
            held = Signal(unit.weight_bits, name=f"weight_{pe}", reset_less=True)
            m.d.sync += held.eq(Value.cast(self.i_weight.payload[pe]))
            weights.append(held)
        beat, totals, together = self.i.payload.as_value(), {}, unit.shared is Shared.WEIGHT
        for columns in pairs(unit.columns, unit.dsp and together):
            for pe in range(unit.pe):
                acts = []
                for x in columns:
                    act = Signal(bits, name=f"act_{x}_{pe}", reset_less=True)
                    m.d.sync += act.eq(beat.word_select(x * unit.pe + pe, unit.act_bits))
                    if unit.padded:
                        with m.If(self.i.p.blanks[x]):  # a synchronous set or reset
                            m.d.sync += act.eq(unit.pad_level)
                    acts.append(act)
                product = self.product(levels_together(acts, unit.weight_bits), weights[pe])
                made = Signal(product.shape(), name=f"product_{columns[0]}_{pe}", reset_less=True)
                m.d.sync += made.eq(product)
                for x, term in zip(
                    columns, apart(made, len(acts), bits + unit.weight_bits), strict=True
                ):
                    totals[x, pe] = self.accumulate(m, f"{x}_{pe}", term, near[pe])
        return [totals[key] for key in sorted(totals)]

    def product(self, act: Value, weight: Value) -> Value:
        """What a tap adds."""
        if self.unit.weight_bits == 1:
            return act ^ weight.replicate(len(act))
        if self.unit.dsp:
            return act * weight.as_signed()
        # By planes: of a product synthesis would make one of the device's multipliers.
        *low, top = ((act & bit.replicate(len(act))) << place for place, bit in enumerate(weight))
        return (sum(low) - top)[: len(act) + len(weight)].as_signed()

    def accumulate(self, m: Module, name: str, product: Value, near: Near | None) -> Value:
        """The sum with ``product``; what comes after the end of a sum begins from the start."""
        unit = self.unit
        total = Signal(unit.raw_bits, name=f"total_{name}")
        if near is None:
            m.d.comb += total.eq(product + unit.start)
            return total
        acc = Signal(unit.raw_bits, name=f"acc_{name}", init=unit.start)
        m.d.comb += total.eq(acc + product)
        with m.If(near.adding):
            m.d.sync += acc.eq(total)
        with m.If(near.ending):  # a synchronous set and reset, which takes no LUT
            m.d.sync += acc.eq(unit.start)
        return total
