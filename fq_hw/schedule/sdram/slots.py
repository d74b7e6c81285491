"""Time slots of an SDRAM: when it is read, written and refreshed is known before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from fq_hw.errors import CapacityError, FqHwError, require
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.sdram.chip import Cycles, SdramChip

__all__ = ["Slots", "slots_of"]

PIPE = {1: 4, 2: 6}  # registers on the way, there and back: of the controller, in the pads
WIDEST = 32  # bits of a word


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Slots of one length, each for ``burst`` words of one row, given out in turn, for ever.

    All is counted in cycles of the design, whose clock is ``clock_mhz``; a word is what moves in
    one. In gear 2 the chip's clock is twice as fast, and a word two of the chip's, which one READ
    or WRITE moves: commands come in the first half of a cycle, nothing in the second.

    ``turns`` names the client of each slot, then begins again. Before every ``group`` slots comes
    one refresh. In a slot that its client does not want the chip rests. A slot is: its client is
    asked, then ACTIVATE, ``burst`` times READ or WRITE, PRECHARGE; cycle 0 is the first of a group.
    """

    chip: SdramChip
    clock_mhz: float
    burst: int
    turns: tuple[str, ...] = ("words",)
    gear: int = 1

    def __post_init__(self) -> None:
        where = f"slots of SDRAM {self.chip.name}"
        require(self.gear in PIPE, where, "gear must be 1 or 2", self.gear)
        wide, odd = self.width > WIDEST, self.gear > 1 and self.chip.cas != 3
        contract = f"gear {self.gear} is for chips of 16 bits and CAS latency 3"
        require(not wide and not odd, where, contract, (self.chip.width, self.chip.cas))
        row = (1 << self.chip.column_bits) // self.gear
        fits = 4 <= self.burst <= row and not row % self.burst
        require(fits, where, f"burst must be 4 or more and divide a row of {row}", self.burst)
        require(self.turns, where, "needs a client")
        longest = self.between - self.rest
        contract = f"a slot of {self.burst} words takes {self.length} cycles; {longest} are between"
        contract += " two refreshes"
        hint = "take shorter bursts or a faster clock"
        require(self.length <= longest, where, contract, hint=hint, kind=CapacityError)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.gear * self.chip.width

    @property
    def words(self) -> int:
        """Words that the chip holds."""
        return self.chip.words // self.gear

    @cached_property
    def cycles(self) -> Cycles:
        """The chip's times, in cycles of its own clock."""
        return self.chip.cycles(self.clock_mhz, self.gear)

    def whole(self, chip_cycles: int) -> int:
        """Cycles in which so many of the chip's have passed."""
        return ceil_div(chip_cycles, self.gear)

    @property
    def first(self) -> int:
        """From asking the client to its first READ or WRITE."""
        return 1 + self.whole(self.cycles.rcd)

    @property
    def close(self) -> int:
        """From asking the client to PRECHARGE."""
        c, last = self.cycles, self.gear - 1  # the chip's last word behind its WRITE
        return max(self.first + self.burst - 1 + self.whole(last + c.wr), 1 + self.whole(c.ras))

    @property
    def length(self) -> int:
        """Cycles from slot to slot."""
        c, last = self.cycles, self.gear - 1
        apart = self.burst - 1 + self.whole(last + c.cas + c.turn)  # from a read to a write
        shut = max(self.whole(c.rp) - 1, 1)
        return max(self.close + shut, self.whole(c.rc), apart)

    @property
    def rest(self) -> int:
        """Cycles that a refresh takes, and each step of the chip's start."""
        c = self.cycles
        return max(self.whole(c.rfc), self.whole(c.rp), self.whole(c.mrd), 2)

    @property
    def between(self) -> int:
        """Cycles from refresh to refresh, at most."""
        return self.cycles.refresh // self.gear

    @property
    def group(self) -> int:
        """Slots between two refreshes."""
        return (self.between - self.rest) // self.length

    @property
    def period(self) -> int:
        """Cycles of a refresh and the slots behind it."""
        return self.rest + self.group * self.length

    @property
    def reply(self) -> int:
        """From a READ to its word at the client."""
        return self.whole(self.cycles.cas) + PIPE[self.gear]

    @property
    def share(self) -> float:
        """Part of all cycles in which words move, if every slot is used."""
        return self.group * self.burst / self.period

    @property
    def bits_per_cycle(self) -> float:
        """That come on the average, if every slot is used."""
        return self.share * self.width

    def start(self, slot: int) -> int:
        """The cycle in which the client of slot number ``slot`` is asked."""
        return self.rest + slot // self.group * self.rest + slot * self.length

    def next(self, client: str, cycle: int) -> int:
        """The first slot of ``client`` that begins in ``cycle`` or later."""
        after = max(cycle - self.rest, 0)
        group, inside = divmod(after, self.period)
        slot = group * self.group + min(math.ceil(inside / self.length), self.group)
        while self.turns[slot % len(self.turns)] != client:
            slot += 1
        return slot


def slots_of(chip: SdramChip, clock_mhz: float, burst: int, gear: int | None = None) -> Slots:
    """Slots in ``gear``; for None in the highest that ``chip`` and its rows have at this clock."""
    for higher in sorted(PIPE, reverse=True)[:-1] if gear is None else ():
        try:
            return Slots(chip=chip, clock_mhz=clock_mhz, burst=burst, gear=higher)
        except FqHwError:
            continue
    return Slots(chip=chip, clock_mhz=clock_mhz, burst=burst, gear=gear or 1)
