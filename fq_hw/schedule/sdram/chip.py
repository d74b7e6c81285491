"""An SDR SDRAM chip as its data sheet describes it, and its times in cycles of a clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from fq_hw.errors import require

__all__ = ["Cycles", "SdramChip"]

LEAST_MHZ = 25  # of the design: slower ones were not thought through
MOST_MHZ = {1: 134, 2: 143}  # of the chip, in each gear; its own limit may be lower
LEAD = {1: Fraction(1, 2), 2: 1}  # chip cycles that what it is given stands before its edge: pads
ADDRESS_BITS = 11  # at least: bit 10 says whether a command goes to all banks


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """The least cycles between two commands: the second may come so many edges after the first.

    rcd      ACTIVATE to READ or WRITE          rp    PRECHARGE to ACTIVATE, REFRESH, LOAD MODE
    ras      ACTIVATE to PRECHARGE              rc    ACTIVATE to ACTIVATE of the same bank
    rrd      ACTIVATE to one of another bank    rfc   REFRESH to any command
    wr       last word written to PRECHARGE     mrd   LOAD MODE to any command
    cas      READ to its word on the pins       turn  word read to word written, on the pins
    refresh  at most, on the average, from REFRESH to REFRESH
    power_up from the first clock edge to the first command
    """

    rcd: int
    rp: int
    ras: int
    rc: int
    rrd: int
    rfc: int
    wr: int
    mrd: int
    cas: int
    turn: int
    refresh: int
    power_up: int


@dataclass(frozen=True, kw_only=True, repr=False)
class SdramChip:
    """One chip: ``width`` data pins, and its times in nanoseconds.

    ``access_ns`` and ``hold_ns`` say when a word is on the pins after its clock edge (tAC, tOH),
    ``off_ns`` when the pins are free again (tHZ); ``setup_ns`` and ``keep_ns`` how long before and
    after its edge it wants what it is given (tIS, tIH). ``wr_clocks``, ``rrd_clocks`` and
    ``mrd_clocks`` are least counts of edges, whatever the clock. ``power_up_refreshes`` come before
    the first access.
    """

    name: str
    width: int
    row_bits: int
    column_bits: int
    bank_bits: int = 2
    cas: int = 3
    clock_ns: float
    rcd_ns: float
    rp_ns: float
    ras_ns: float
    rc_ns: float
    rrd_ns: float
    rfc_ns: float
    wr_ns: float
    wr_clocks: int = 2
    rrd_clocks: int = 2
    mrd_clocks: int = 2
    access_ns: float
    hold_ns: float
    off_ns: float
    setup_ns: float
    keep_ns: float
    refresh_ns: float
    power_up_ns: float = 200_000
    power_up_refreshes: int = 8
    source: str

    def __post_init__(self) -> None:
        where = f"SDRAM {self.name}"
        require(self.width in (16, 32), where, "width must be 16 or 32", self.width)
        require(self.cas in (2, 3), where, "CAS latency must be 2 or 3", self.cas)
        bits = self.row_bits, self.column_bits, self.bank_bits
        fits = min(bits) >= 1 and self.column_bits <= 10
        require(fits, where, "needs rows, banks, and at most 10 bits of column", bits)

    def __repr__(self) -> str:
        return f"SdramChip({self.name!r})"

    @property
    def address_bits(self) -> int:
        """Address pins."""
        return max(self.row_bits, ADDRESS_BITS)

    @property
    def words(self) -> int:
        """Words of ``width`` bits."""
        return 1 << self.row_bits + self.column_bits + self.bank_bits

    def mode(self, words: int = 1) -> int:
        """What LOAD MODE must be given: 1 or 2 ``words`` an access, CAS latency."""
        return self.cas << 4 | words - 1

    def most_mhz(self, gear: int = 1) -> float:
        """The fastest clock of a design that it runs beside, ``gear`` times as fast."""
        return min(MOST_MHZ[gear], 1000 / self.clock_ns) / gear

    def cycles(self, clock_mhz: float, gear: int = 1) -> Cycles:
        """Its times in cycles of ``gear`` times ``clock_mhz``, rounded to the safe side."""
        high, how = self.most_mhz(gear), f" in gear {gear}" if gear > 1 else ""
        contract = f"runs at {LEAST_MHZ}..{high:.5g} MHz{how}"
        fits = LEAST_MHZ <= clock_mhz <= high
        require(fits, f"SDRAM {self.name}", contract, clock_mhz)
        mhz = gear * Fraction(clock_mhz)

        def least(ns: float, clocks: int = 1) -> int:
            return max(clocks, math.ceil(Fraction(ns) * mhz / 1000))

        return Cycles(
            rcd=least(self.rcd_ns),
            rp=least(self.rp_ns),
            ras=least(self.ras_ns),
            rc=least(self.rc_ns),
            rrd=least(self.rrd_ns, self.rrd_clocks),
            rfc=least(self.rfc_ns),
            wr=least(self.wr_ns, self.wr_clocks),
            mrd=self.mrd_clocks,
            cas=self.cas,
            turn=math.ceil(LEAD[gear] + Fraction(self.off_ns) * mhz / 1000),
            refresh=math.floor(Fraction(self.refresh_ns) * mhz / 1000),
            power_up=least(self.power_up_ns),
        )
