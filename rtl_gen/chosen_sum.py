"""One of two words, and what is added to it: an accumulator's next value."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value

from fq_hw.family import FAMILIES
from rtl_gen import carry_ecp5

__all__ = ["chosen_sum"]

FORMS = {"CCU2C": carry_ecp5.chosen_sum}  # the cell's own LUT chooses


def chosen_sum(
    m: Module, family: str | None, name: str, choose: Value, ways: Sequence[Value], added: Value
) -> Signal:
    """``ways[choose] + added``, as wide as a way.

    On the carry cells of ``family`` where these choose as well; else synthesis takes a LUT a bit.
    """
    carry = FAMILIES[family].carry if family is not None else None
    if carry is not None and carry.cell in FORMS:
        return FORMS[carry.cell](m, name, choose, ways, added)
    total = Signal(len(ways[0]), name=name)
    m.d.comb += total.eq(Mux(choose, ways[1], ways[0]) + added)
    return total
