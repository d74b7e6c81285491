"""What all units have in common."""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.events import READ, Channel, Process, Times
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts

__all__ = ["READ", "Beat", "FramelessUnit", "PixelUnit", "Rom", "Unit"]


class Rom(enum.Enum):
    """Where the words of a ROM lie: where its size says, or in logic though it is large."""

    BY_SIZE = "by size"
    LOGIC = "logic"


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What one transfer of a stream carries: ``lanes`` integers of ``bits``, lane 0 lowest.

    ``blanks`` bits stand above them: each says that its equal share of the lanes counts as 0,
    whatever the lanes hold. The payload is there ``late`` cycles after the transfer: what is read
    from a memory need not wait there for its reader.
    """

    lanes: int
    bits: int
    signed: bool = False
    blanks: int = 0
    late: int = 0

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.lanes * self.bits + self.blanks


@dataclass(frozen=True, kw_only=True)
class Unit(abc.ABC):
    """One kind of hardware: its streams, its time, and what it is made of.

    A unit with one stream in and one out has them as ``i`` and ``o``; others say ``ins``, ``outs``.
    """

    planar: ClassVar[bool] = False  # whether it gives all pixels of some channels before the next
    PARAMETERS: ClassVar[tuple[str, ...]] = ()  # the streams of ``ins`` that a ROM gives
    PACED: ClassVar[bool] = True  # whether a beat of these comes with every beat of the others
    WAITS: ClassVar[bool] = False  # a frame may take more than ``beats`` cycles though none stalls

    @property
    def ins(self) -> Mapping[str, Beat]:
        """Streams in, by the component's ports, in the order of a node's inputs."""
        return {"i": self.i}

    @property
    def outs(self) -> Mapping[str, Beat]:
        """Streams out, by the component's ports."""
        return {"o": self.o}

    @property
    @abc.abstractmethod
    def beats(self) -> int:
        """Cycles a frame takes at least; 0 of a unit that knows no frames."""

    @abc.abstractmethod
    def latency(self) -> int:
        """Cycles from taking a beat to offering what comes of it, unstalled."""

    @property
    def latency_from(self) -> Mapping[str, int]:
        """By stream in, the last beat, from 0, that the first beat out needs."""
        return dict.fromkeys(self.ins, 0)

    @abc.abstractmethod
    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        """Its part of the cycle model, between its streams; those of PARAMETERS are left out.

        One that is not PACED gets them too, behind the others, where they may stall.
        ``new`` makes a list of events that one of the processes may wait for.
        """

    @abc.abstractmethod
    def parts(self) -> Parts:
        """Its part of the cost model: what it is made of."""

    def check(self, ok: object, contract: str, got: object) -> None:
        """Raise FoldingError, naming the unit, unless ``ok``."""
        require(ok, type(self).__name__, contract, got, kind=FoldingError)


@dataclass(frozen=True, kw_only=True)
class FramelessUnit(Unit):
    """Base of units that pass on what comes, beat by beat, whatever a frame is."""

    @property
    def beats(self) -> int:
        return 0


@dataclass(frozen=True, kw_only=True)
class PixelUnit(Unit):
    """Base of units that take every pixel in turn, ``lanes`` of its channels a beat."""

    channels: int
    pixels: int
    lanes: int

    @property
    def folds(self) -> int:
        """Beats of a pixel."""
        return ceil_div(self.channels, self.lanes)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * self.folds
