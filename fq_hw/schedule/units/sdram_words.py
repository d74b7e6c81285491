"""Unit of words that come from an SDRAM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from fq_hw.family import FAMILIES
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.steps import (
    Align,
    Channel,
    Channels,
    Give,
    Process,
    Put,
    Rest,
    Steps,
    Times,
    Wait,
    in_turn,
)
from fq_hw.schedule.units.base import Beat, FramelessUnit
from fq_hw.schedule.units.skip_fifo import FifoUnit

__all__ = ["CHECK_BITS", "SdramUnit", "places_of"]

CHECK_BITS = 32
BLOCKS = FAMILIES["ecp5"].blocks  # of the boards that have an SDRAM


def places_of(slots: Slots) -> int:
    """Places for words that wait: as many as one block RAM has, at least for two bursts."""
    whole = max(block.rows for block in BLOCKS if block.lanes >= slots.width)
    return max(whole, 2 * slots.burst)


@dataclass(frozen=True, kw_only=True)
class SdramUnit(FramelessUnit):
    """``depth`` words, those of its ``slots``, one after the other, frame after frame, for ever.

    Behind them in the chip lies their CRC-32, begun with what ``identity_of`` them is. After every
    reset words and check are filled in, and all are read back once: words are given only if they
    are right then. They are read in the slots of the client ``words``, a burst in each in which the
    ``places`` of a FIFO have room for one; the last burst of a frame is what is left.
    """

    depth: int
    slots: Slots
    places: int = 1024

    STEADY: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.check(self.depth >= 1, "needs words", self.depth)
        places, least = self.places, 2 * self.slots.burst
        fits = places >= least and places.bit_count() == 1
        self.check(fits, f"places must be a power of two, {least} or more", places)
        self.check("words" in self.slots.turns, "needs slots for its words", self.slots.turns)
        have = self.slots.words
        self.check(self.stored <= have, f"has room for {have} words", self.stored)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.slots.width

    @property
    def stored(self) -> int:
        """Words in the chip: those of a frame, and the check."""
        return self.depth + CHECK_BITS // self.width

    @property
    def pieces(self) -> int:
        """Words of 16 bits in which it is filled."""
        return self.stored * self.width // 16

    @property
    def blocks(self) -> int:
        """Bursts in which the chip is filled and read back."""
        return ceil_div(self.stored, self.slots.burst)

    @property
    def beats(self) -> int:
        """Cycles in which the words of a frame come, if each slot has room for its burst."""
        return int(self.depth / self.words_per_cycle)

    @property
    def contents(self) -> tuple[int, ...]:
        return self.depth, self.width

    @property
    def ins(self) -> dict[str, Beat]:
        return {}

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width)

    @property
    def fifo(self) -> FifoUnit:
        """Where words wait; two of them wait in its registers, and no place is lost to these."""
        return FifoUnit(lanes=1, bits=self.width, depth=self.places + 2)

    def latency(self) -> int:
        """Cycles from ``ready`` to offering the first word."""
        slots = self.slots
        return slots.start(slots.next("words", 0)) + slots.first + slots.reply + FifoUnit.STAGES

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        """Bursts, each in the first slot that finds room, from the first cycle it is ready."""
        slots, burst = self.slots, self.slots.burst
        asked, come, left, gone = Times(), Channel(), Channel(), Times()
        whole, rest = divmod(self.depth, burst)
        words = [*[burst] * whole, *[rest] * (rest > 0)]
        room = self.places - burst + words[-1]  # of the words that are read, none went before
        ask = (
            [Wait(gone, room, 1, before), Align(self.pauses), Put(asked), Rest(1)]
            for before in [words[-1], *words[:-1]]
        )
        read = ([Wait(asked, plus=slots.first + slots.reply), Give(come, n)] for n in words)
        return [
            Steps(*in_turn(ask)),
            Steps(*in_turn(read)),
            *self.fifo.processes([come], [left]),
            passed(left, o[0], gone),
        ]

    @cached_property
    def pauses(self) -> tuple[int, ...]:
        """For each cycle until all comes again, whether no slot for words begins in it."""
        slots = self.slots
        groups = len(slots.turns) // math.gcd(slots.group, len(slots.turns))
        found = [1] * (groups * slots.period)
        for slot in range(groups * slots.group):
            found[slots.start(slot)] = int(slots.turns[slot % len(slots.turns)] != "words")
        return tuple(found)

    @cached_property
    def words_per_cycle(self) -> float:
        """How many come on the average, if they are taken: of its share of the slots."""
        slots = self.slots
        mine = slots.turns.count("words") / len(slots.turns)
        return slots.share * mine * self.depth / (ceil_div(self.depth, slots.burst) * slots.burst)

    def parts(self) -> Parts:
        fifo = self.fifo.parts()
        return Parts(
            both={
                "fixed": 1,
                "pins": self.width + self.slots.chip.address_bits,
                "block": bits(self.blocks),
                "place": bits(self.places),
            },
            lut={"check": self.width},
            memories=fifo.memories,
        )


def passed(i: Channel, o: Channel, gone: Times) -> Process:
    """One stream as another, at once; tells when each beat went."""
    return Steps(Wait(i.offers), Put(o.offers), Wait(o.readies), Put(i.readies), Put(gone), Rest(1))
