"""What a unit is made of: exact counts, and quantities whose price is measured.

A unit's LUT4 (or flip-flops) are ``exact`` plus, for each of its terms, price times quantity; the
prices are fitted by ``make calibrate`` and stand in calibration.json. Block RAMs are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.memories import blocks, distributed, in_block_ram, ram_in_blocks

__all__ = ["Parts", "bits", "ring"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Exact counts, and quantities by the names of their prices."""

    lut: Mapping[str, float]
    ff: Mapping[str, float]
    exact_lut: int = 0
    exact_ff: int = 0
    ebr: int = 0


def bits(limit: int) -> int:
    """Width of a counter of 0..limit-1."""
    return (limit - 1).bit_length()


def ring(depth: int, width: int) -> tuple[int, int, int]:
    """LUT4, flip-flops and blocks of a RAM whose read port is synchronous."""
    if in_block_ram(depth, width) or ram_in_blocks(depth, width):
        return 0, 0, blocks(depth, width, rom=False)
    return distributed(depth, width), width, 0
