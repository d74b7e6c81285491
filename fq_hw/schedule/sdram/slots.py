"""Time slots of an SDRAM: when it is read, written and refreshed is known before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from fq_hw.errors import CapacityError, require
from fq_hw.schedule.sdram.chip import Cycles, SdramChip

__all__ = ["Slots"]

PIPE = 4  # registers on the way: of the controller and in the pads, there and back


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Slots of one length, each for ``burst`` words of one row, given out in turn, for ever.

    ``turns`` names the client of each slot, then begins again. Before every ``group`` slots comes
    one refresh. In a slot that its client does not want the chip rests. A slot is: its client is
    asked, then ACTIVATE, ``burst`` times READ or WRITE, PRECHARGE; cycle 0 is the first of a group.
    """

    chip: SdramChip
    clock_mhz: float
    burst: int
    turns: tuple[str, ...] = ("words",)

    def __post_init__(self) -> None:
        where, row = f"slots of SDRAM {self.chip.name}", 1 << self.chip.column_bits
        fits = 4 <= self.burst <= row and not row % self.burst
        require(fits, where, f"burst must be 4 or more and divide a row of {row}", self.burst)
        require(self.turns, where, "needs a client")
        longest = self.cycles.refresh - self.rest
        contract = f"a slot of {self.burst} words takes {self.length} cycles; {longest} are between"
        contract += " two refreshes"
        hint = "take shorter bursts or a faster clock"
        require(self.length <= longest, where, contract, hint=hint, kind=CapacityError)

    @cached_property
    def cycles(self) -> Cycles:
        """The chip's times."""
        return self.chip.cycles(self.clock_mhz)

    @property
    def first(self) -> int:
        """From asking the client to its first READ or WRITE."""
        return 1 + self.cycles.rcd

    @property
    def close(self) -> int:
        """From asking the client to PRECHARGE."""
        c = self.cycles
        return max(self.first + self.burst - 1 + c.wr, 1 + c.ras)

    @property
    def length(self) -> int:
        """Cycles from slot to slot."""
        c = self.cycles
        apart = self.burst - 1 + c.cas + c.turn  # from a word read to one written
        return max(self.close + max(c.rp - 1, 1), c.rc, apart)

    @property
    def rest(self) -> int:
        """Cycles that a refresh takes, and each step of the chip's start."""
        c = self.cycles
        return max(c.rfc, c.rp, c.mrd)

    @property
    def group(self) -> int:
        """Slots between two refreshes."""
        return (self.cycles.refresh - self.rest) // self.length

    @property
    def period(self) -> int:
        """Cycles of a refresh and the slots behind it."""
        return self.rest + self.group * self.length

    @property
    def reply(self) -> int:
        """From a READ to its word at the client."""
        return self.cycles.cas + PIPE

    @property
    def share(self) -> float:
        """Part of all cycles in which words move, if every slot is used."""
        return self.group * self.burst / self.period

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
