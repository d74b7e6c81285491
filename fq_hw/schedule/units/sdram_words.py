"""Unit of words that come from an SDRAM, which may keep an array's trunk beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from fq_hw.family import FAMILIES
from fq_hw.schedule.memories import Memory, ceil_div, in_block_ram
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.sdram import Agenda, Burst, Slots
from fq_hw.schedule.steps import (
    Align,
    Channel,
    Channels,
    Give,
    Process,
    Put,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
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

    With an ``agenda`` the chip keeps an array's trunk, too, behind its words; where that will be is
    filled and checked as these are. What is moved in the slots of a frame is what that says, each
    as soon as what comes out has room in a FIFO, and all of what goes in is in another. Read is
    what was written in the same place before.
    """

    depth: int
    slots: Slots
    places: int = 1024
    agenda: Agenda | None = None

    STEADY: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.check(self.depth >= 1, "needs words", self.depth)
        places, least = self.places, 2 * self.slots.burst
        fits = places >= least and places.bit_count() == 1
        self.check(fits, f"places must be a power of two, {least} or more", places)
        self.check("words" in self.slots.turns, "needs slots for its words", self.slots.turns)
        have = self.slots.words
        if self.agenda is not None:
            bursts = ceil_div(self.depth, self.slots.burst), self.agenda.count(Burst.WORDS)
            self.check(bursts[0] == bursts[1], "needs an agenda for all its words", bursts)
            turns = self.slots.turns
            self.check(set(turns) == {"words"}, "needs all slots for its agenda", turns)
        self.check(self.stored <= have, f"has room for {have} words", self.stored)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.slots.width

    @property
    def trunk(self) -> range:
        """The bursts that keep the trunk, behind those of the words."""
        first = ceil_div(self.depth, self.slots.burst)
        return range(first, first + (0 if self.agenda is None else self.agenda.blocks))

    @property
    def checked(self) -> int:
        """Words that the check is of: those of a frame, and where the trunk will be."""
        return self.trunk.stop * self.slots.burst if self.trunk else self.depth

    @property
    def stored(self) -> int:
        """Words in the chip: those that are checked, and the check."""
        return self.checked + CHECK_BITS // self.width

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
        if self.agenda is not None:
            slots = self.slots
            return int(self.agenda.slots * slots.burst / slots.share)
        return int(self.depth / self.words_per_cycle)

    @property
    def contents(self) -> tuple[int, ...]:
        return self.depth, self.width

    @property
    def ins(self) -> dict[str, Beat]:
        return {} if self.agenda is None else {"i_trunk": self.o}

    @property
    def outs(self) -> dict[str, Beat]:
        return {"o": self.o} if self.agenda is None else {"o": self.o, "o_trunk": self.o}

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width)

    @property
    def latency_from(self) -> dict[str, int]:
        return {}

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
        burst, whole = self.slots.burst, divmod(self.depth, self.slots.burst)
        words = [*[burst] * whole[0], *[whole[1]] * (whole[1] > 0)]
        room = self.places - burst + words[-1]  # of the words that are read, none went before
        asked, gone = Times(), Times()
        ask = (
            [Wait(gone, room, 1, before), *self.slot(asked)] for before in [words[-1], *words[:-1]]
        )
        if self.agenda is None:
            return [Steps(*in_turn(ask)), *self.reading(asked, words, o[0], gone)]
        read, left, write, came, freed = (Times() for _ in range(5))
        ways = {
            Burst.READ: [Wait(left, self.places, 1, burst), *self.slot(read)],
            Burst.WRITE: [Wait(came, 0, 0, burst), *self.slot(write)],
        }
        kinds = (Burst(n) for n in self.agenda.bursts if n != Burst.AGAIN)
        steps = (next(ask) if kind is Burst.WORDS else ways[kind] for kind in kinds)
        return [
            Steps(*in_turn(steps)),
            *self.reading(asked, words, o[0], gone),
            *self.reading(read, [burst], o[1], left),
            Steps(Wait(freed, self.places, 1), Take(i[0]), Put(came)),
            Steps(Wait(write, plus=self.slots.first), Repeat(burst, (Put(freed), Rest(1)))),
        ]

    def slot(self, asked: Times) -> tuple[Step, ...]:
        """The next slot, in which a burst is asked for."""
        return Align(self.pauses), Put(asked), Rest(1)

    def reading(
        self, asked: Times, words: Iterable[int], o: Channel, gone: Times
    ) -> Iterator[Process]:
        """From bursts of so many ``words`` that were ``asked`` for to those that have ``gone``."""
        come, left, plus = Channel(), Channel(), self.slots.first + self.slots.reply
        yield Steps(*in_turn([Wait(asked, plus=plus), Give(come, n)] for n in words))
        yield from self.fifo.processes([come], [left])
        yield passed(left, o, gone)

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
        memories, agenda, more = self.fifo.parts().memories, self.agenda, 0
        if agenda is not None:  # two FIFOs more, their counters, blocks, and what comes next
            memories *= 3
            depth, code = len(agenda.bursts), 2
            more = 4 * bits(agenda.blocks) + 6 * bits(self.places) + 2 * bits(depth)
            if in_block_ram(depth, code):
                memories += (Memory(depth, code, rom=True),)
            else:
                more += code * ceil_div(depth, 16)
        return Parts(
            both={
                "fixed": 1,
                "pins": self.width + self.slots.chip.address_bits,
                "block": bits(self.blocks),
                "place": bits(self.places),
            },
            lut={"check": self.width},
            exact_lut=more,
            exact_ff=more,
            memories=memories,
        )


def passed(i: Channel, o: Channel, gone: Times) -> Process:
    """One stream as another, at once; tells when each beat went."""
    return Steps(Wait(i.offers), Put(o.offers), Wait(o.readies), Put(i.readies), Put(gone), Rest(1))
