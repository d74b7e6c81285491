"""What a unit is made of: exact counts, and quantities whose price is measured.

A unit's LUT4 (or flip-flops) are ``exact`` plus, for each of its terms, price times quantity; the
prices are fitted by ``make calibrate`` and stand in calibration.json. Memories in blocks are
counted as the blocks of each family take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fq_hw.schedule.memories import Memory, distributed, in_block_ram, ram_in_blocks

if TYPE_CHECKING:
    from fq_hw.schedule.units.base import Unit  # which are made of these

__all__ = ["Parts", "bits", "ring"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Exact counts, quantities by the names of their prices, and memories in blocks.

    ``both`` are quantities that have a price in LUT4 and one in flip-flops: ``lut`` and
    ``ff`` get them too. ``wires`` are bits that block RAMs send in a cycle; their price is that of
    their wires in LUT4. ``multipliers`` are those of the device, where its family has such.
    ``units`` are inside it, and priced as they are alone.
    """

    lut: Mapping[str, float] = field(default_factory=dict)
    ff: Mapping[str, float] = field(default_factory=dict)
    both: Mapping[str, float] = field(default_factory=dict)
    wires: Mapping[str, float] = field(default_factory=dict)
    exact_lut: int = 0
    exact_ff: int = 0
    memories: tuple[Memory, ...] = ()
    units: tuple[Unit, ...] = ()
    multipliers: int = 0

    def __post_init__(self) -> None:
        for kind in ("lut", "ff"):
            object.__setattr__(self, kind, {**self.both, **getattr(self, kind)})


def bits(limit: int) -> int:
    """Width of a counter of 0..limit-1."""
    return (limit - 1).bit_length()


def ring(depth: int, width: int) -> tuple[int, int, tuple[Memory, ...]]:
    """LUT4, flip-flops, and itself if in blocks, of a RAM whose read port is synchronous."""
    if in_block_ram(depth, width) or ram_in_blocks(depth, width):
        return 0, 0, (Memory(depth, width, rom=False),)
    return distributed(depth, width), width, ()
