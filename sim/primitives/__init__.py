"""Behavioural twins of FPGA primitives, proven equal to Yosys' models in tests."""

from __future__ import annotations

from pathlib import Path

from fq_hw.family import FAMILIES

__all__ = ["twins"]


def twins(family: str) -> dict[str, str]:
    """Verilog sources (name -> text) that a design in the form of ``family`` needs; none if plain.

    ``family`` is one of ``rtl_gen.dot_product.FAMILIES``.
    """
    carry = FAMILIES[family].carry
    if carry is None:
        return {}
    path = Path(__file__).with_name(carry.twins)
    return {path.name: path.read_text()}
