"""Convolution engine: columns x PE x SIMD XNOR-popcount dot products with accumulators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from amaranth.hdl import Module, Signal, Value

from fq_hw.schedule.units import ConvUnit
from rtl_gen.dot_array import DotArray
from rtl_gen.engine import Engine, Near, kept

__all__ = ["ConvEngine"]


class ConvEngine(Engine, unit=ConvUnit):
    """Per column ``pe`` dot products of binary weights and activations, ``simd`` synapses a cycle.

    Members     i: In(stream of columns x simd x u<act_bits>, and blanks if unit.padded)
                i_weight: In(stream of pe x simd bits)
                o: Out(stream of columns x pe x u<raw_bits>)
    Units       weight bit 1 means -1: the sign; o is the raw sum, result - offset per channel;
                where unit.masked it means 1, and 0 means 0; a blank column counts as pad_level
                payloads of i and i_weight come READ cycles after the beat is taken
    Order       sf beats, each with its weight word, make one output beat; nf of those make a group.
                With hold a word comes with the first of so many beats, which belong to as many
                output beats
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        ``levels_per_stage`` adders or one accumulator between registers
    Resources   no DSP; weights come from outside, one word for all columns; accumulators are
                registers, with hold words of distributed RAM
    Errors      none at run time; ConvUnit refuses bad foldings
    Source      Takahashi et al. 2024 (w1a2); Blott et al. 2018, FINN-R (folding)

    ``target.family`` names the form of the dot products (rtl_gen.dot_product).
    """

    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        unit, simd, bits = self.unit, self.unit.simd, self.unit.act_bits
        array = DotArray(m, unit.tree, self.target.family, masked=unit.masked, kept=True)
        beat = self.i.payload.as_value()
        outside = sum(unit.pad_level << lane * bits for lane in range(simd))

        def spread(
            word: Value, name: str, blank: Value | None = None, load: Value | None = None
        ) -> Signal:
            """``word`` a cycle later, on its way from the memory to where it is added."""
            held = Signal(len(word), name=name, reset_less=True)
            with m.If(load) if load is not None else nullcontext():
                m.d.sync += held.eq(word)
            if blank is not None:  # a synchronous set or reset, which takes no LUT
                with m.If(blank):
                    m.d.sync += held.eq(outside)
            return held

        columns = [
            spread(
                beat[x * simd * bits :][: simd * bits],
                f"act_{x}",
                self.i.p.blanks[x] if unit.padded else None,
            )
            for x in range(unit.columns)
        ]
        acts = [
            [array.acts(word, f"act_{group}_{x}") for x, word in enumerate(columns)]
            for group in range(unit.act_copies)
        ]
        totals = {}
        load = None
        for pe in range(unit.pe):
            if loads is not None and pe % unit.GROUP == 0:
                load = kept(f"load_{pe}")
                m.d.sync += load.eq(loads)
            weights = spread(Value.cast(self.i_weight.payload[pe]), f"weight_{pe}", load=load)
            signs = array.signs(weights, f"sign_{pe}")
            for x in range(unit.columns):
                dot = array.dot(signs, acts[pe // unit.GROUP][x], f"{x}_{pe}")
                totals[x, pe] = self.accumulate(m, f"{x}_{pe}", dot, near[pe])
        return [totals[key] for key in sorted(totals)]
