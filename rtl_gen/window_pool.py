"""Pools whose windows overlap, or lie partly outside the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from fq_hw.schedule.units import READ, WindowPoolUnit
from rtl_gen.counters import nest
from rtl_gen.delay import delay
from rtl_gen.engine import Engine, Near

__all__ = ["WindowPool"]


class WindowPool(Engine, unit=WindowPoolUnit):
    """Per column the largest value of each of ``pe`` channels, a tap a cycle.

    Contents, where unit.signed: -1 for each channel whose smallest value is wanted.

    Members     i: In(stream of columns x pe x u<act_bits>, and blanks if unit.padded)
                o: Out(stream of columns x pe x u<act_bits>)
    Units       a blank column does not count; i's payload comes READ cycles after the beat is taken
    Order       sf taps make one output beat; nf of those make a pixel
    Latency     unit.latency(), from the first accepted beat to o.valid, unstalled
    Throughput  one beat per cycle; one output beat per sf cycles
    Path        one comparison between registers
    Resources   as unit.parts() counts
    Errors      none at run time; WindowPoolUnit refuses bad foldings
    """

    def sums(
        self, m: Module, near: Sequence[Near | None], loads: Value | None, accept: Value
    ) -> list[Value]:
        unit = self.unit
        falls = self.falling(m, accept)
        ends = delay(m, falls, unit.SPREAD, "falls_late") if unit.signed else falls
        beat, totals = self.i.payload.as_value(), []
        for x in range(unit.columns):
            for pe in range(unit.pe):
                name = f"{x}_{pe}"
                value = Signal(unit.act_bits, name=f"value_{name}", reset_less=True)
                m.d.sync += value.eq(
                    beat.word_select(x * unit.pe + pe, unit.act_bits) ^ flipped(falls, pe, value)
                )
                if unit.padded:
                    with m.If(self.i.p.blanks[x]):  # the least there is, either way
                        m.d.sync += value.eq(0)
                most = self.largest(m, name, value, near[pe])
                totals.append(most ^ flipped(ends, pe, value))
        return totals

    def falling(self, m: Module, accept: Value) -> Value:
        """Of which channels the smallest value is wanted, when a beat's payload is there."""
        unit = self.unit
        if not unit.signed:
            return Const(0, unit.pe)
        signs = np.asarray(self.contents).reshape(unit.nf, unit.pe)
        at, _ = nest(m, accept, tap=unit.sf, fold=unit.nf)
        falls = Signal(unit.pe, name="falls")
        with m.Switch(at["fold"]):
            for fold, row in enumerate((signs < 0).tolist()):
                with m.Case(fold):
                    m.d.comb += falls.eq(Cat(Const(int(bit), 1) for bit in row))
        return delay(m, falls, READ, "falls_read")

    def largest(self, m: Module, name: str, value: Value, near: Near | None) -> Value:
        """The largest with ``value``; what comes after the end of a window begins from 0."""
        if near is None:
            return value
        kept = Signal(len(value), name=f"kept_{name}")
        total = Signal(len(value), name=f"total_{name}")
        m.d.comb += total.eq(Mux(value > kept, value, kept))
        with m.If(near.adding):
            m.d.sync += kept.eq(total)
        with m.If(near.ending):
            m.d.sync += kept.eq(0)
        return total


def flipped(falls: Value, pe: int, value: Value) -> Value:
    """What turns the order of a channel's values around where its smallest is wanted."""
    return falls[pe].replicate(len(value))
