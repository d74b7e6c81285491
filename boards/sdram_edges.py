"""At which edges an SDRAM is sure to be given, and to give, what is meant."""

from __future__ import annotations

from boards.pll import Second, Setting
from fq_hw.errors import CapacityError, require
from fq_hw.schedule.sdram import SdramChip

__all__ = ["lag_ns", "second_output", "takes_falling"]

# From the clock's edge to the chip and back into an input register, least and most, beside the
# chip's own times: clock pin out, traces, data pin in, the register's set-up. Not measured.
WAY_NS = (3.1, 5.7)
# Between the clock at the chip and what it samples, both from double-rate output registers: clock
# trees, the PLL's two outputs, traces. Not measured.
SKEW_NS = 0.5


def takes_falling(chip: SdramChip, clock_mhz: float) -> bool:
    """Whether what the chip gives is taken at the falling edge in its cycle, or the rising after.

    The chip's clock rises in the middle of a cycle. A word comes ``access_ns`` later and stays
    until ``hold_ns`` after the next middle, both on their way for WAY_NS. CapacityError where
    neither edge is sure to be inside.
    """
    period, (least, most) = 1000 / clock_mhz, WAY_NS
    falling = period >= chip.access_ns + most
    rising = period / 2 <= chip.hold_ns + least
    contract = f"has no edge at {clock_mhz:g} MHz at which a word is sure to be there"
    below, above = 1000 / (chip.access_ns + most), 500 / (chip.hold_ns + least)
    hint = f"take at most {below:.1f} MHz or at least {above:.1f}"
    fits = falling or rising
    require(fits, f"SDRAM {chip.name}", contract, hint=hint, kind=CapacityError)
    return falling


def lag_ns(chip: SdramChip, clock_mhz: float) -> tuple[float, float]:
    """In gear 2: least and most by which the chip's edges lie behind those of the design's clock.

    Rising and falling edges of that are a chip cycle apart. At each of them what the chip is given
    changes, and must stand ``setup_ns`` before and ``keep_ns`` behind the chip's edge. A word that
    comes from one edge of the chip is taken two chip cycles after that of the design before it: it
    is there ``access_ns`` behind the chip's edge, until ``hold_ns`` behind the next, both on their
    way for WAY_NS.
    """
    period, (least, most) = 500 / clock_mhz, WAY_NS
    begin = max(chip.setup_ns + SKEW_NS, period - chip.hold_ns - least)
    end = min(period - chip.keep_ns - SKEW_NS, 2 * period - chip.access_ns - most)
    return begin, end


def second_output(chip: SdramChip, setting: Setting) -> Second:
    """The PLL's output for a chip in gear 2: the step nearest to the middle between ``lag_ns``.

    CapacityError where no step is between them.
    """
    clock_mhz = float(setting.mhz)
    begin, end = lag_ns(chip, clock_mhz)
    step = 1000 / float(setting.vco_mhz) / Second.STEPS
    found = Second(times=2, steps=round((begin + end) / 2 / step))
    contract = f"has no edges at twice {clock_mhz:g} MHz at which all words are sure to be there"
    hint = "take a slower clock, or fold with --gear 1"
    inside = begin <= found.steps * step <= end
    require(inside, f"SDRAM {chip.name}", contract, hint=hint, kind=CapacityError)
    return found
