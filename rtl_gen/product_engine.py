"""Convolution engine of numbers: columns x PE x SIMD products on multipliers, with accumulators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from amaranth.hdl import Module, Signal, Value, signed

from fq_hw.schedule.units import ProductUnit
from fq_hw.schedule.units.engine import Shared
from rtl_gen.adder_tree import by_twos
from rtl_gen.engine import Engine, Near, kept
from rtl_gen.products import apart, levels_together, pairs, weights_together

__all__ = ["ProductEngine"]


class ProductEngine(Engine, unit=ProductUnit):
    """Per column ``pe`` sums of products of weights and activations, ``simd`` of them a cycle.

    Members     i: In(stream of columns x simd x u<act_bits>, and blanks if unit.padded)
                i_weight: In(stream of pe x simd x i<weight_bits>)
                o: Out(stream of columns x pe x u<raw_bits>)
    Units       o is the raw sum, result + unit.start; a blank column counts as pad_level
                payloads of i and i_weight come READ cycles after the beat is taken
    Order       sf beats, each with its weight word, make one output beat; nf of those make a group.
                With hold a word comes with the first of so many beats, which belong to as many
                output beats
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        a product, an addition or the accumulator between registers
    Resources   unit.multipliers of the device, adders; LUTs alone where the device has none
    Errors      none at run time; ProductUnit refuses bad foldings
    Source      two products on a multiplier: Xilinx WP486, Deep learning with INT8
    """

    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        unit, bits = self.unit, self.unit.act_bits
        load = None
        if loads is not None:
            load = kept("load")
            m.d.sync += load.eq(loads)

        def held(value: Value, name: str, enable: Value | None = None) -> Signal:
            register = Signal(value.shape(), name=name, reset_less=True)
            with m.If(enable) if enable is not None else nullcontext():
                m.d.sync += register.eq(value)
            return register

        beat = self.i.payload.as_value()
        acts: dict[tuple[int, int], Value] = {}
        for x in range(unit.columns):
            for lane in range(unit.simd):
                level = beat.word_select(x * unit.simd + lane, bits)
                acts[x, lane] = act = held(level, f"act_{x}_{lane}")
                if unit.padded:
                    with m.If(self.i.p.blanks[x]):  # a synchronous set or reset
                        m.d.sync += act.eq(unit.pad_level)
        terms: dict[tuple[int, int], list[Value]] = {}
        for some in pairs(unit.pe, unit.shared is Shared.ACT):
            for lane in range(unit.simd):
                words = [Value.cast(self.i_weight.payload[pe * unit.simd + lane]) for pe in some]
                name = f"{some[0]}_{lane}"
                weight = held(weights_together(words, bits), f"weight_{name}", load)
                for columns in pairs(unit.columns, unit.shared is Shared.WEIGHT):
                    levels = levels_together([acts[x, lane] for x in columns], unit.weight_bits)
                    product = held(levels * weight, f"product_{columns[0]}_{name}")
                    found = [(x, pe) for x in columns for pe in some]
                    made = apart(product, len(found), bits + unit.weight_bits)
                    for key, term in zip(found, made, strict=True):
                        terms.setdefault(key, []).append(term)
        return [
            self.accumulate(m, f"{x}_{pe}", self.total(m, f"{x}_{pe}", terms[x, pe]), near[pe])
            for x in range(unit.columns)
            for pe in range(unit.pe)
        ]

    def total(self, m: Module, name: str, terms: list[Value]) -> Value:
        """The sum of ``terms``, by twos."""
        for level, widths in enumerate(self.unit.tree[1:]):
            sums = by_twos(terms)
            terms = [
                Signal(signed(width), name=f"sum_{name}_{level}_{n}", reset_less=True)
                for n, width in enumerate(widths)
            ]
            m.d.sync += [register.eq(value) for register, value in zip(terms, sums, strict=True)]
        return terms[0]
