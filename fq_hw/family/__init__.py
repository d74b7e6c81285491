"""Families of FPGAs: what is particular to each stands in its record, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from fq_hw.errors import one_of
from fq_hw.family.cyclone_v import CYCLONE_V
from fq_hw.family.ecp5 import ECP5
from fq_hw.family.gowin import GOWIN, GW5A
from fq_hw.family.ice40 import ICE40
from fq_hw.family.record import NAME, Block, Carry, Family, Pll, Tools, Vendor
from fq_hw.family.xc7 import XC7

__all__ = ["FAMILIES", "NAME", "Block", "Carry", "Family", "Pll", "Tools", "Vendor",
           "family_named"]  # fmt: skip

PLAIN = Family(name="plain", title="any device")
# The doctor tells of tools that two families share by the name of the later one.
FAMILIES: Mapping[str, Family] = {
    family.name: family for family in (PLAIN, ECP5, GW5A, GOWIN, ICE40, XC7, CYCLONE_V)
}


def family_named(name: str, where: str) -> Family:
    """The family ``name``; ParameterError naming those that there are."""
    one_of(name, FAMILIES, where, f"family must be one of {', '.join(FAMILIES)}")
    return FAMILIES[name]
