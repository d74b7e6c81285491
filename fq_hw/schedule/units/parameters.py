"""Unit of a memory that gives an array its parameters."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import Memory
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import StoredUnit

__all__ = ["ParameterUnit", "Replay"]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How the words of a pass are read: ``folds`` times ``words`` words, and ``header`` behind.

    The words of a fold come ``times`` times; the header once, after the first.
    """

    words: int
    header: int
    folds: int
    times: int

    @property
    def depth(self) -> int:
        """Words in the memory."""
        return self.folds * (self.words + self.header)

    def order(self) -> list[int]:
        """Addresses in the order they are read, from the pass's first word on."""
        found: list[int] = []
        for fold in range(self.folds):
            first = fold * (self.words + self.header)
            words = list(range(first, first + self.words))
            behind = range(first + self.words, first + self.words + self.header)
            found += [*words, *behind, *words * (self.times - 1)]
        return found


@dataclass(frozen=True, kw_only=True)
class ParameterUnit(StoredUnit):
    """Words for an array, pass by pass, for ever: each fold's weights again for every group.

    The memory has one port. It holds constants, or is filled after every reset (of which the
    component knows more); the first word comes when all are there.
    """

    replays: tuple[Replay, ...]

    def __post_init__(self) -> None:
        self.check(self.replays and self.width >= 1, "needs words and bits", self.width)

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return sum(replay.depth for replay in self.replays)

    def order(self) -> list[int]:
        """Addresses of a frame's words, in their order."""
        found, base = [], 0
        for replay in self.replays:
            found += [base + address for address in replay.order()]
            base += replay.depth
        return found

    def parts(self) -> Parts:
        counters = bits(max(r.words + r.header for r in self.replays))
        counters += bits(max(r.times for r in self.replays))
        counters += bits(max(r.folds for r in self.replays)) + bits(len(self.replays))
        address = bits(self.depth)
        terms = {"fixed": 1, "address": address, "counters": counters}
        return Parts(
            lut={**terms, "passes": len(self.replays)},
            ff=terms,
            memories=(Memory(self.depth, self.width, rom=False, single_port=True),),
        )
