"""Which bus a design's module has, and how wide it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fq_hw.errors import one_of, require

__all__ = ["WIDTHS", "Bus", "Kind"]

WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024)  # bits of the buses that DMA engines have


class Kind(StrEnum):
    """The ports of a design's module."""

    STREAM = "stream"  # clk, rst, and two plain streams
    AXI4_STREAM = "axi4-stream"
    WISHBONE = "wishbone"


@dataclass(frozen=True, kw_only=True)
class Bus:
    """A kind of ports, and of AXI4-Stream the width of a beat.

    Without a width a beat is a pixel on the way in, and a number of a result on the way out. With
    one a frame and a result are bytes one behind the other. Errors call them as the command does:
    --bus, --bus-width.
    """

    kind: str = Kind.STREAM
    width: int | None = None

    def __post_init__(self) -> None:
        one_of(self.kind, [kind.value for kind in Kind], "--bus")
        if self.width is None:
            return
        hint = "leave it out: Wishbone has 32 bits, plain streams a pixel and a number"
        axi = self.kind == Kind.AXI4_STREAM
        contract = f"is the width of --bus {Kind.AXI4_STREAM.value}"
        require(axi, "--bus-width", contract, self.width, hint=hint)
        contract = f"must be one of {', '.join(map(str, WIDTHS))}"
        require(self.width in WIDTHS, "--bus-width", contract, self.width)
