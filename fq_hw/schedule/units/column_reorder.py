"""Unit that brings the sums of a group of pixels in order."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.banks import BankedUnit

__all__ = ["ReorderUnit"]


@dataclass(frozen=True, kw_only=True)
class ReorderUnit(BankedUnit):
    """Sums of a group of pixels, from fold by fold to pixel by pixel.

    Beats of ``lanes`` come as [fold][column][slice] and leave as [column][fold][slice], without the
    ``idle`` last slices of the last fold, which have no channels.
    """

    columns: int
    folds: int
    slices: int
    idle: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        some = 0 <= self.idle < self.slices
        self.check(some, f"idle must be in 0..{self.slices - 1}", self.idle)
        several = self.columns > 1 or not self.idle
        self.check(several, "columns must be more than 1 where slices are idle", self.columns)

    @property
    def group_beats(self) -> int:
        return self.columns * self.folds * self.slices

    @property
    def pixel_beats(self) -> int:
        """Beats of a pixel, as it leaves."""
        return self.folds * self.slices - self.idle

    @property
    def leaving(self) -> int:
        return self.columns * self.pixel_beats

    def parts(self) -> Parts:
        loops = self.group_beats, self.slices, self.folds, self.columns
        return self.parts_of(sum(map(bits, loops)))
