"""A frame and a result as words of a bus: how many, and what is in each."""

from __future__ import annotations

from dataclasses import dataclass

from bus.choice import Bus, Kind
from fq_hw.errors import require
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.plan import Plan

__all__ = ["FIELD_BITS", "WISHBONE_BITS", "Geometry"]

FIELD_BITS = (32, 64)  # of a label and of a score, in memory
WISHBONE_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What goes over a bus for a frame.

    A frame is its pixels' bytes, rows from the top, pixels from the left, colour 0 first; it begins
    with a new word, whose lowest byte is the first. A result is classes + best signed integers of
    ``field_bits``, lowest bytes first: the score of each class, then the ``best`` classes, of which
    the first is the label.
    """

    pixels: int
    colours: int
    classes: int
    best: int
    field_bits: int
    in_bits: int
    out_bits: int

    @classmethod
    def of(cls, plan: Plan, bus: Bus) -> Geometry:
        """That of a plan on a bus. Raises ParameterError where scores are too wide."""
        height, width, colours = plan.image
        unit = plan.result
        fits = [bits for bits in FIELD_BITS if unit.score_bits <= bits > unit.label_bits]
        contract = f"can carry scores of up to {FIELD_BITS[-1]} bits"
        require(fits, f"--bus {bus.kind}", contract, unit.score_bits)
        wide = WISHBONE_BITS if bus.kind == Kind.WISHBONE else bus.width
        return cls(
            pixels=height * width,
            colours=colours,
            classes=unit.classes,
            best=unit.best,
            field_bits=fits[0],
            in_bits=wide or 8 * colours,
            out_bits=wide or fits[0],
        )

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return self.pixels * self.colours

    @property
    def frame_words(self) -> int:
        """Words of a frame; what is left of the last one is ignored."""
        return ceil_div(8 * self.frame_bytes, self.in_bits)

    @property
    def pieces(self) -> int:
        """Words of a number, where it is wider than one."""
        return max(self.field_bits // self.out_bits, 1)

    @property
    def result_bytes(self) -> int:
        """Bytes of a result."""
        return self.field_bits // 8 * (self.classes + self.best)

    @property
    def result_words(self) -> int:
        """Words of a result; what is left of the last one is 0."""
        return ceil_div(8 * self.result_bytes, self.out_bits)
