"""How deep the skip FIFOs of a join must be, from the graph alone.

A join can use a pixel of one input only together with the other's for the same place. To make that
one, the fork may first have to hand out many pixels more; what the first input makes of them
waits in its FIFO, but for one beat, which whoever makes it still holds. One beat less and the fork
stops for ever.

Why this is enough, in any graph: let the fork hand out a pixel, let all behind it do what it can,
and so on. Then no FIFO of these depths is ever full, so nobody stands still; and if one order of
events does not come to a stand, none does.

Where an input is made by a 1x1 convolution alone its FIFO may stand in front of that, and holds
the pixels that it reads, as many: what it has under way is held besides.

An input needs no FIFO where the other is never later: what it makes can wait where it is. That it
waits must stop nobody else, so this holds where the branches share nothing and nobody else reads
what is inside them. Elsewhere both have one. Where both need the same pixel of the fork, one
counts as later if its first beat takes that whole pixel (behind a convolution), the other not.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fq_hw.ir import (
    Bias,
    Concat,
    Conv,
    DepthToSpace,
    Flatten,
    Grid,
    Lookup,
    Op,
    Pool,
    Requantize,
    SpaceToDepth,
    Threshold,
)
from fq_hw.schedule.joins import Branches, Columns, Times
from fq_hw.schedule.units import READ, RequantizeUnit, ThresholdUnit, WindowUnit, ceil_div

__all__ = ["SKIPS", "beats_waiting", "registers", "slack_pixels", "waiting"]

SKIPS = (".skip.first", ".skip")  # endings of the FIFOs on a join's inputs; most have the second
OVERLAPPING = WindowUnit.TOLD + 2 * READ  # registers more of a pool that has lines of its own


def registers(ops: Iterable[Op]) -> int:
    """Cycles through the registers of those of ``ops`` that are no convolutions."""
    stages = {Conv: 0, Bias: 0, Flatten: 0}
    stages |= {Threshold: ThresholdUnit.STAGES, Requantize: RequantizeUnit.STAGES, Lookup: READ}
    stages |= {SpaceToDepth: WindowUnit.TOLD + READ, Grid: READ + 3, DepthToSpace: READ + 1}
    pools = sum(isinstance(op, Pool) and not op.apart for op in ops)
    return sum(stages.get(type(op), 1) for op in ops) + pools * OVERLAPPING


def slack_pixels(held: int, delay: int, pixels: int, cycles: int) -> int:
    """Skip pixels beyond the least that keep a branch busy in frames of ``cycles``.

    The branch's convolutions have ``held`` pixels of an image's ``pixels`` under way, its registers
    those that come in ``delay`` cycles; three more keep fork and join apart.
    """
    return 3 + held + ceil_div(delay * pixels, cycles)


def held_back(made: Times, seen: np.ndarray, where: np.ndarray) -> int:
    """Most pixels that wait, of those made by the time that ``seen`` have left the fork."""
    waits = np.searchsorted(made.last, seen, side="right") - np.arange(len(seen))
    return int(waits[where].max(initial=0))


def blocks(early: Times, late: Times, first_of_two: bool) -> np.ndarray:
    """For which pixels an input stands in the way of the other, had it no FIFO.

    That is where it has a beat of its pixel, which waits for the other's, before all is under way
    that the other's pixel takes. The ``first_of_two`` of a concatenation gives the whole pixel, and
    waits with the next.
    """
    start = early.first
    if first_of_two:
        start = np.append(start[1:], np.iinfo(start.dtype).max)
    return late.last > start


def beat_by_beat(fork: Branches) -> bool:
    """Whether each beat of either input takes the same beat of the fork, and no other."""
    kept = all(isinstance(op, Bias | Requantize | Threshold) for side in fork.sides for op in side)
    return kept and not isinstance(fork.join, Concat)


def waiting(fork: Branches, columns: Columns) -> tuple[int, int]:
    """How many pixels of the first and of the second input wait at most; 0 needs no FIFO.

    ``columns`` are how many pixels each convolution computes at once, or may compute at once.
    """
    late = early = [fork.times(side, columns) for side in (0, 1)]
    if any(len(choices) > 1 for choices in columns.values()):
        early = [fork.times(side) for side in (0, 1)]
    seen = np.maximum(late[0].last, late[1].last)
    order = (1, 0) if isinstance(fork.join, Concat) and fork.join.swapped else (0, 1)
    whole = [isinstance(fork.join, Concat) and side == order[1] for side in (0, 1)]
    first_of_two = [isinstance(fork.join, Concat) and side == order[0] for side in (0, 1)]
    everywhere = np.ones(len(seen), bool)
    inside = [blocks(early[side], late[1 - side], first_of_two[side]) for side in (0, 1)]
    if beat_by_beat(fork):
        where = [~everywhere, everywhere]
    elif not fork.closed:
        where = [everywhere, everywhere]
    elif inside[0].any() and not inside[1].any():
        where = [everywhere, inside[1]]
    else:
        where = [inside[0], everywhere]
    # What waits before a convolution need not wait for the rest of its group.
    early = [fork.times(s) if fork.waits_before(s) else x for s, x in enumerate(early)]
    # A concatenation takes a whole pixel of one input before it takes the other's.
    found = [held_back(early[side], seen, where[side]) for side in (0, 1)]
    first, second = (n and n + more for n, more in zip(found, whole, strict=True))
    return first, second


def beats_waiting(pixels: int, pixel_beats: int) -> int | None:
    """Least depth of a FIFO where ``pixels`` of ``pixel_beats`` beats wait; None needs none."""
    return pixels * pixel_beats - 1 if pixels else None
