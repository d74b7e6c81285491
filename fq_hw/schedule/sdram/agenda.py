"""What an SDRAM does in its slots where it keeps an array's trunk, too: an order known before.

Whose burst comes next never depends on when it comes, so that cycles stay exact; a slot passes
unused while the burst that is next lacks room or words. An order in which a burst waits for what
comes behind it would stand still; the cycle model would say so.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable
from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div

__all__ = ["Agenda", "Burst", "PassBursts", "agenda_of"]

AHEAD = 2  # bursts of the trunk that are read before the first of a pass is used
BEHIND = 1  # bursts that are made before the first of them is written


class Burst(enum.IntEnum):
    """What is moved in a slot."""

    WORDS = 0  # the next parameters
    READ = 1  # the next of the trunk
    WRITE = 2
    AGAIN = 3  # none: the trunk's bursts begin again with the first


@dataclass(frozen=True, kw_only=True)
class PassBursts:
    """A pass of ``folds``, each with so many ``words`` of parameters and ``sums`` of the trunk.

    Both are words of the SDRAM; ``reads`` and ``writes`` say what the pass does with the trunk.
    """

    folds: int
    words: int
    sums: int = 0
    reads: bool = False
    writes: bool = False

    def bursts(self, burst: int) -> int:
        """Slots that it takes, of so many words, parameters and sums."""
        sums = self.folds * self.sums * (self.reads + self.writes)
        return (self.folds * self.words + sums) // burst

    def ahead(self, burst: int) -> int:
        """How many of these may be moved before it, or behind it: what FIFOs and buffers hold."""
        return (AHEAD + 1) * self.reads + (BEHIND + 2) * self.writes + 2 + 2 * self.words // burst


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """The bursts of a frame, a byte each, in order; ``blocks`` of them hold the largest tensor."""

    bursts: bytes
    blocks: int

    def count(self, burst: Burst) -> int:
        """How many of a kind."""
        return self.bursts.count(burst)

    @property
    def slots(self) -> int:
        """Slots of a frame."""
        return len(self.bursts) - self.count(Burst.AGAIN)


@functools.lru_cache(64)
def agenda_of(passes: tuple[PassBursts, ...], burst: int) -> Agenda:
    """The order for ``passes``, in bursts of so many words; each pass's sums must fill whole ones.

    A fold's parameters come while the fold before it is computed, spread over its sums. These are
    read two bursts ahead, and written one burst behind.
    """
    found = bytearray()
    ends, all_words = [], 0  # bursts of parameters that have come with each fold
    for step in passes:
        for _ in range(step.folds):
            all_words += step.words
            ends.append(ceil_div(all_words, burst))
    ends.append(ends[-1])  # behind the last fold
    asked = first = 0

    def parameters(end: int) -> None:
        nonlocal asked
        found.extend([Burst.WORDS] * (end - asked))
        asked = max(asked, end)

    for step in passes:
        count = step.folds * step.sums // burst if step.reads or step.writes else 0
        if not count:
            for fold in range(first, first + step.folds):
                parameters(ends[fold + 1])
        else:
            found.append(Burst.AGAIN)
            parameters(ends[first])
            found.extend([Burst.READ] * (step.reads * min(AHEAD, count)))
            for n in range(count):
                fold, inside = divmod((n + 1) * burst - 1, step.sums)
                here, more = ends[first + fold : first + fold + 2]
                parameters(here + ceil_div((more - here) * (inside + 1), step.sums))
                found.extend([Burst.READ] * (step.reads and n + AHEAD < count))
                found.extend([Burst.WRITE] * (step.writes and n >= BEHIND))
            found.extend([Burst.WRITE] * (step.writes * min(BEHIND, count)))
        first += step.folds
    return Agenda(bursts=bytes(found), blocks=most_blocks(passes, burst))


def most_blocks(passes: Iterable[PassBursts], burst: int) -> int:
    """Bursts of the largest tensor."""
    sums = (step.folds * step.sums for step in passes if step.reads or step.writes)
    return max(sums, default=0) // burst
