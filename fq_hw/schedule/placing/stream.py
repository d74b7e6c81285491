"""A tensor on its way from unit to unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fq_hw.schedule import units
from fq_hw.schedule.plan import Source

__all__ = ["Stream"]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A tensor on its way: where it comes from, how it is cut into beats, what it lacks.

    A ``planar`` one comes with all pixels of some channels before the next channels. Where there
    is an ``embed``, what comes are pixels, which its reader must pass through that.
    """

    source: Source
    shape: tuple[int, int, int]
    lanes: int
    bits: int
    signed: bool
    offset: np.ndarray
    planar: bool = False
    embed: units.EmbedUnit | None = None

    @property
    def pixels(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def read(self) -> dict[str, int]:
        """What a unit that takes its pixels in turn is told of it."""
        c, n = self.channels, self.pixels
        return {"channels": c, "pixels": n, "lanes": self.lanes, "in_bits": self.bits}
