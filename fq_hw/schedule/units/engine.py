"""What engines have in common: units that make a sum, or the like, of the beats of a window."""

from __future__ import annotations

import abc
import enum
from dataclasses import dataclass

from fq_hw.schedule.events import room
from fq_hw.schedule.memories import ceil_div, distributed
from fq_hw.schedule.steps import Channels, Process, Put, Repeat, Steps, Take
from fq_hw.schedule.units.base import READ, Beat, Unit

__all__ = ["ChannelUnit", "EngineUnit", "QueuedUnit", "Shared", "multiplies", "shared"]

FACTOR = 18  # bits of a signed factor of a multiplier


class Shared(enum.Enum):
    """Which factor two products on one multiplier have in common."""

    NONE = "none"  # each has a multiplier of its own
    WEIGHT = "weight"  # two columns' levels, side by side as one number, times a weight
    ACT = "act"  # two PEs' weights, one far above the other, times a level


def multiplies(act_bits: int, weight_bits: int) -> bool:
    """Whether one multiplier takes an unsigned level and a signed weight."""
    return act_bits < FACTOR and 1 < weight_bits <= FACTOR


def shared(act_bits: int, weight_bits: int, columns: int, pe: int) -> Shared:
    """How unsigned levels are multiplied with signed weights in pairs, where that is exact.

    The upper product begins above all bits of the lower one, and what comes together must be a
    factor of a multiplier: of 8 x 8 bits each has its own.
    """
    apart = act_bits + weight_bits
    if columns > 1 and apart + act_bits < FACTOR:
        return Shared.WEIGHT
    if pe > 1 and apart + weight_bits < FACTOR:  # one bit more: the lower one may be negative
        return Shared.ACT
    return Shared.NONE


@dataclass(frozen=True, kw_only=True)
class QueuedUnit(Unit):
    """Base of units in which nothing waits: a beat is taken when its result will find a place.

    Of every ``sf`` beats they make one, in ``sum_cycles`` from the last; ``hold`` results in turn.
    """

    hold: int = 1

    @property
    @abc.abstractmethod
    def sf(self) -> int:
        """Synapse fold: beats per output beat."""

    @property
    @abc.abstractmethod
    def sum_cycles(self) -> int:
        """Cycles from accepting an output beat's last input to its finished sum."""

    @property
    def slots(self) -> int:
        """Output beats that may be under way at once: enough for a beat in every cycle.

        Those that share their weights come together, and may be taken evenly. A queue of two places
        takes none in the cycle after one.
        """
        if self.hold == 1 and self.sf >= self.sum_cycles + 2:
            return 1
        under_way = self.hold - 1 + ceil_div(self.sum_cycles + 4 - self.hold, self.sf)
        return under_way if self.hold == 1 else max(under_way, 3)

    @property
    def queue(self) -> dict[str, float]:
        """Of the cost model: LUT4 of the places where results wait; two are made of registers."""
        deep = self.slots > 2
        return {
            "queued": distributed(self.slots - 1, self.o.width) if deep else 0,
            "queue": 1 if self.slots > 1 else 0,
        }

    @property
    def queue_registers(self) -> int:
        """Flip-flops of them."""
        return self.o.width if self.slots == 2 else 0

    def latency(self) -> int:
        """Cycles from the first accepted beat to offering the first output, unstalled."""
        return (self.sf - 1) * self.hold + 1 + self.sum_cycles + (self.slots > 1)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        acts, sums = i[0], o[0]
        queued = self.slots > 1  # a queue takes a cycle more than a register
        last = (
            room(sums, self.slots, 1),  # a finished sum needs a place to wait
            Take(acts),
            Put(sums.offers, self.sum_cycles + queued),
        )
        return [Steps(Take(acts, (self.sf - 1) * self.hold), Repeat(self.hold, last))]


@dataclass(frozen=True, kw_only=True)
class EngineUnit(QueuedUnit):
    """Base of engines: of every ``sf`` beats they make one, of ``pe`` of the ``cout`` channels.

    ``columns`` pixels are worked on side by side, and ``hold`` groups of those in turn, whose beats
    are ended one after the other; ``nf`` times as many output beats make a group of ``columns`` x
    ``hold`` pixels, which share every weight word.
    What is outside the image counts as the level ``pad_level``.
    """

    cout: int
    pixels: int
    pe: int
    act_bits: int
    columns: int = 1
    padded: bool = False
    pad_level: int = 0

    SPREAD = 1  # registers between what was read and its copies
    GROUP = 8  # PEs that share a copy of the activations

    def __post_init__(self) -> None:
        self.check(1 <= self.pe <= self.cout, f"pe must be in 1..{self.cout}", self.pe)
        whole = self.columns >= 1 and self.pixels % self.columns == 0
        self.check(whole, f"columns must divide {self.pixels} pixels", self.columns)
        turns = self.pixels // self.columns
        whole = self.hold >= 1 and turns % self.hold == 0
        self.check(whole, f"hold must divide {turns} pixels side by side", self.hold)
        level = 0 <= self.pad_level < 2**self.act_bits
        self.check(level, f"pad_level must fit {self.act_bits} bits", self.pad_level)

    @property
    @abc.abstractmethod
    def raw_bits(self) -> int:
        """Width of what it makes, which is unsigned."""

    @property
    def start(self) -> int:
        """Where sums begin."""
        return 0

    @property
    def lanes(self) -> int:
        """Levels of a pixel that come at once."""
        return self.pe

    @property
    def i(self) -> Beat:
        """Column by column ``lanes`` levels, and whether they are padding."""
        blanks = self.columns if self.padded else 0
        lanes = self.columns * self.lanes
        return Beat(lanes=lanes, bits=self.act_bits, blanks=blanks, late=READ)

    @property
    def o(self) -> Beat:
        """Column by column ``pe`` sums."""
        return Beat(lanes=self.columns * self.pe, bits=self.raw_bits)

    @property
    def group(self) -> int:
        """Pixels that share their weight words."""
        return self.columns * self.hold

    @property
    def every(self) -> int:
        return self.hold

    @property
    def nf(self) -> int:
        """Neuron fold: output beats per group of pixels."""
        return ceil_div(self.cout, self.pe)

    @property
    def beats(self) -> int:
        return self.pixels // self.columns * self.nf * self.sf


@dataclass(frozen=True, kw_only=True)
class ChannelUnit(EngineUnit):
    """Base of engines that make each channel of that channel alone, a tap a beat."""

    taps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(self.hold == 1, "holds nothing", self.hold)
        whole = self.cout % self.pe == 0
        self.check(whole, f"pe must divide {self.cout} channels", self.pe)

    @property
    def sf(self) -> int:
        return self.taps
