"""Adders whose carry cells take one of two words in the LUT that adds, by family."""

from __future__ import annotations

from collections.abc import Callable

from fq_hw.family import FAMILIES
from rtl_gen import carry_ecp5

__all__ = ["chosen_sum_of"]

FORMS = {"CCU2C": carry_ecp5.chosen_sum}


def chosen_sum_of(family: str | None) -> Callable | None:
    """What makes ``ways[choose] + added`` on the cells of ``family``; None where nothing does."""
    carry = FAMILIES[family].carry if family is not None else None
    return FORMS.get(carry.cell) if carry is not None else None
