"""What gives an array its parameters: each fold's weights again for every group of pixels."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import Memory, block_muxed
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ, Beat, StoredUnit

__all__ = ["ParameterUnit", "Replay", "ReplayUnit"]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How passes are read: each of their ``folds`` has ``words``, which come ``times`` times."""

    words: int
    folds: int
    times: int


@dataclass(frozen=True, kw_only=True)
class ReplayUnit(StoredUnit):
    """Base of what gives words to an array, pass by pass, for ever.

    Behind the words of a fold lie the ``header`` words of its header, which come once, after the
    words' first time. A word comes ``late``, a cycle after it is taken, or two where the memory has
    an output register.
    """

    header: int
    replays: tuple[Replay, ...]
    late: int

    def __post_init__(self) -> None:
        counts = [len(self.replays), self.width, self.header]
        self.check(min(counts) >= 1, "needs passes, bits and a header", counts)
        empty = [r for r in self.replays if r.words < 1 < r.times]
        self.check(not empty, "has nothing to read again without words", empty)
        self.check(self.late in (1, READ), f"late must be 1 or {READ}", self.late)

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width, late=self.late)

    @property
    def depth(self) -> int:
        """Words of a frame, each counted once."""
        return sum(replay.folds * (replay.words + self.header) for replay in self.replays)

    def order(self) -> list[int]:
        """Addresses of a frame's words, in their order."""
        found, first = [], 0
        for replay in self.replays:
            for _ in range(replay.folds):
                words = range(first, first + replay.words)
                first += replay.words + self.header
                found += [*words, *range(words.stop, first), *[*words] * (replay.times - 1)]
        return found

    @property
    def counters(self) -> int:
        """Bits that count words, times, folds and passes."""
        found = bits(max(r.words for r in self.replays) + self.header)
        found += bits(max(r.times for r in self.replays))
        return found + bits(max(r.folds for r in self.replays)) + bits(len(self.replays))


@dataclass(frozen=True, kw_only=True)
class ParameterUnit(ReplayUnit):
    """All words in a memory with one port.

    It holds constants, or is filled after every reset (of which the component knows more); the
    first word comes when all are there.
    """

    def parts(self) -> Parts:
        return Parts(
            both={"fixed": 1, "address": bits(self.depth), "counters": self.counters},
            lut={
                "passes": len(self.replays),
                "block muxed": block_muxed(self.depth, self.width, rom=True),
            },
            memories=(Memory(self.depth, self.width, rom=True, single_port=True),),
        )
