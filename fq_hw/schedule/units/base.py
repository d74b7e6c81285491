"""What all units have in common."""

from __future__ import annotations

import abc
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.events import READ, Channels, Process, feed, registers
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
    STAGES: ClassVar[int] = 1  # registers that every beat passes, where nothing else takes time
    PARAMETERS: ClassVar[tuple[str, ...]] = ()  # the streams of ``ins`` that a ROM gives
    PACED: ClassVar[bool] = True  # whether a beat of these comes with every beat of the others
    STEADY: ClassVar[bool] = True  # of what has no stream in: once begun, a beat in every cycle
    hears: ClassVar[int] = 0  # cycles from a ROM's first beat until one is taken of the others
    every: ClassVar[int] = 1  # beats of the others that come with each of these
    WAITS: ClassVar[bool] = False  # a frame may take more than ``beats`` cycles though none stalls

    @property
    def ins(self) -> Mapping[str, Beat]:
        """Streams in, by the component's ports, in the order of a node's inputs."""
        return {name: getattr(self, name) for name in ("i", *self.PARAMETERS)}

    @property
    def outs(self) -> Mapping[str, Beat]:
        """Streams out, by the component's ports."""
        return {"o": self.o}

    @property
    def pixel_order(self) -> list[int] | None:
        """The pixels of a frame as they leave, in raster order by number; None where in that."""
        return None

    @property
    def contents(self) -> tuple[int, ...] | None:
        """Shape of what fills it: a ROM's bits, a table, constants; None where nothing does."""
        return None

    @property
    @abc.abstractmethod
    def beats(self) -> int:
        """Cycles a frame takes at least; 0 of a unit that knows no frames."""

    def latency(self) -> int:
        """Cycles from taking the last beat that is needed to offering what comes of it, unstalled.

        Which that is says ``latency_from``. Cycles from reset, of a unit that takes nothing.
        """
        return self.STAGES

    @property
    def latency_from(self) -> Mapping[str, int]:
        """By stream in, the last beat, from 0, that the first beat out needs."""
        return dict.fromkeys(self.ins, 0)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """Its part of the cycle model, between its streams; those of PARAMETERS are left out.

        One that is not PACED gets them too, behind the others, where they may stall. A unit that
        says nothing else is a pipeline of registers.
        """
        return [registers(i[0], o[0], self.latency())]

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
class PassUnit(Unit):
    """Base of units that give the beats that they take, ``lanes`` x u<bits> each."""

    lanes: int
    bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i


@dataclass(frozen=True, kw_only=True)
class JoinUnit(Unit):
    """Base of units that join two streams of as many lanes."""

    lanes: int
    bits: tuple[int, int]

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {
            name: Beat(lanes=self.lanes, bits=bits)
            for name, bits in zip(("i_a", "i_b"), self.bits, strict=True)
        }


@dataclass(frozen=True, kw_only=True)
class StoredUnit(FramelessUnit):
    """Base of memories of ``depth`` words of ``width`` bits that come one by one, for ever."""

    width: int

    def __post_init__(self) -> None:
        self.check(min(self.contents) >= 1, "needs words and bits", self.contents)

    @property
    def contents(self) -> tuple[int, ...]:
        return self.depth, self.width

    @property
    def ins(self) -> Mapping[str, Beat]:
        return {}

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        return [feed(o[0], self.latency())]


@dataclass(frozen=True, kw_only=True)
class LaneUnit(Unit):
    """Base of units that take ``lanes`` of a pixel's ``channels`` a beat, as u<in_bits>."""

    channels: int
    lanes: int
    in_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def slices(self) -> int:
        """Beats of a pixel, each a slice of its channels."""
        return ceil_div(self.channels, self.lanes)


@dataclass(frozen=True, kw_only=True)
class PixelUnit(LaneUnit):
    """Base of units that take the ``pixels`` of a frame in turn."""

    pixels: int

    @property
    def beats(self) -> int:
        return self.pixels * self.slices


@dataclass(frozen=True, kw_only=True)
class LevelUnit(PixelUnit):
    """Base of units that make levels u<out_bits> of sums."""

    out_bits: int

    STAGES = 2  # registers: of the sums or their comparisons, and of the result

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)
