"""Units of branches: fork, skip FIFO, adder, concatenation."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["AddUnit", "ConcatUnit", "FifoUnit", "ForkUnit"]


@dataclass(frozen=True, kw_only=True)
class ForkUnit(Unit):
    """One stream to ``ways`` readers; each takes every beat once, in its own time."""

    lanes: int
    bits: int
    ways: int = 2

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    def latency(self) -> int:
        """A fork adds no cycle."""
        return 0


@dataclass(frozen=True, kw_only=True)
class FifoUnit(Unit):
    """Skip FIFO: holds ``depth`` beats, its two output registers included."""

    lanes: int
    bits: int
    depth: int

    def __post_init__(self) -> None:
        self.check(self.depth >= 3, "depth must be at least 3", self.depth)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    def latency(self) -> int:
        """Cycles through an empty FIFO."""
        return 3


@dataclass(frozen=True, kw_only=True)
class JoinUnit(Unit):
    """Base of units that join two streams of as many lanes."""

    lanes: int
    bits: tuple[int, int]

    @property
    def a(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[0])

    @property
    def b(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[1])


@dataclass(frozen=True, kw_only=True)
class AddUnit(JoinUnit):
    """Integer residual adder: beat by beat a * 2**shift[0] + b * 2**shift[1], in ``out_bits``."""

    out_bits: int
    shift: tuple[int, int] = (0, 0)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def latency(self) -> int:
        """Cycles from taking both beats to offering the sum."""
        return 1


@dataclass(frozen=True, kw_only=True)
class ConcatUnit(JoinUnit):
    """Concatenation: for every pixel ``folds[0]`` beats of the first stream, then the second's.

    Where it is ``swapped`` the second stream's come first.
    """

    pixels: int
    folds: tuple[int, int]
    swapped: bool

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=max(self.bits))

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * sum(self.folds)

    @property
    def order(self) -> tuple[int, int]:
        """Which stream comes first, and which second."""
        return (1, 0) if self.swapped else (0, 1)

    def latency(self) -> int:
        """Cycles from taking a beat to offering it."""
        return 1
