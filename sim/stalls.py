"""Named stall patterns: in which cycles a side of a stream pauses."""

from __future__ import annotations

import itertools
import random

__all__ = ["GRID", "ONCE", "PAUSES", "pattern"]


def bursts(seed: int, runs: int) -> tuple[int, ...]:
    """Runs of 1 to 9 cycles, busy and pausing in turn, the same for a seed everywhere."""
    dice = random.Random(seed)
    return tuple(run % 2 for run in range(runs) for _ in range(1 + int(dice.random() * 9)))


# 1 is a pause. The lengths are odd, so that a pattern drifts against the loops of a component.
PAUSES: dict[str, tuple[int, ...]] = {
    "never": (0,),
    "regular": (0, 1, 1),
    "bursty": bursts(seed=7, runs=24),
}
GRID: tuple[tuple[str, str], ...] = tuple(itertools.product(PAUSES, PAUSES))
# Each pattern once on either side: for what is too slow for the grid, or has seen it elsewhere.
ONCE = (("never", "never"), ("regular", "bursty"), ("bursty", "regular"))


def pattern(name: str, port: int = 0) -> tuple[int, ...]:
    """The pattern ``name``, turned so that the ports of one component pause apart."""
    pauses = PAUSES[name]
    turn = 7 * port % len(pauses)
    return pauses[turn:] + pauses[:turn]
