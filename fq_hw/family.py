"""What is particular to a family of FPGAs, as data: one record, many readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.errors import ParameterError, one_of, require

__all__ = ["FAMILIES", "Block", "Family", "family_named"]


@dataclass(frozen=True)
class Block:
    """A shape that a memory block can take: ``rows`` words of ``lanes`` bits.

    byte  bits that a write enable of its own covers
    """

    rows: int
    lanes: int
    byte: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of devices.

    blocks  shapes of its block RAM, one write and one read port, with initial contents
    spram   shape of its RAM with a single port and no initial contents, if it has such
    """

    name: str
    blocks: tuple[Block, ...] = ()
    spram: Block | None = None

    def needs_blocks(self) -> tuple[Block, ...]:
        """The shapes of its block RAM; ParameterError where the family is no device's."""
        contract = f"family {self.name!r} stands for any device and has no block RAM to count"
        require(bool(self.blocks), "memories", contract)
        return self.blocks


BLOCKS_18K = (  # DP16KD and PDPW16KD; Gowin's BSRAM and Xilinx's RAMB18 have the same shapes
    Block(512, 36, 9), Block(1024, 18, 9), Block(2048, 9, 9), Block(4096, 4, 4), Block(8192, 2, 2),
    Block(16384, 1, 1),
)  # fmt: skip
BLOCKS_4K = (  # SB_RAM40_4K: every bit of 16 has a write enable, narrower words one for all
    Block(256, 16, 1), Block(512, 8, 8), Block(1024, 4, 4), Block(2048, 2, 2),
)  # fmt: skip
FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(name="plain"),
        Family(name="ecp5", blocks=BLOCKS_18K),
        Family(name="gowin", blocks=BLOCKS_18K),
        Family(name="ice40", blocks=BLOCKS_4K, spram=Block(16_384, 16, 4)),
        Family(name="xc7", blocks=BLOCKS_18K),
    )
}


def family_named(name: str, where: str, kind: type[ParameterError] = ParameterError) -> Family:
    """The family ``name``; raises ``kind`` naming those that there are."""
    one_of(name, FAMILIES, where, f"family must be one of {', '.join(FAMILIES)}", kind=kind)
    return FAMILIES[name]
