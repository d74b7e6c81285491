"""Dividers of a phase-locked loop: which clocks it can make of the board's oscillator."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from fq_hw.errors import require
from fq_hw.family import Pll

__all__ = ["SECOND", "TOLERANCE", "Second", "Setting", "dividers", "fastest"]

SECOND = "second"  # the clock domain of a PLL's second output
TOLERANCE = Fraction(1, 100)  # how far the clock may be from the wanted one


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of a PLL, ``feedback`` counted from its oscillator; all frequencies are exact."""

    source_mhz: Fraction
    reference: int
    feedback: int
    divider: int

    @property
    def detector_mhz(self) -> Fraction:
        """Where the phases are compared."""
        return self.source_mhz / self.reference

    @property
    def vco_mhz(self) -> Fraction:
        """The oscillator inside."""
        return self.detector_mhz * self.feedback

    @property
    def mhz(self) -> Fraction:
        """The clock."""
        return self.vco_mhz / self.divider


@dataclass(frozen=True, kw_only=True)
class Second:
    """A second output: ``times`` as fast, its edges so many ``steps`` behind those of the first."""

    STEPS: ClassVar[int] = 8  # in a cycle of the VCO

    times: int
    steps: int


def dividers(limits: Pll, source_mhz: float, wanted_mhz: float, times: int = 1) -> Setting:
    """The setting nearest to ``wanted_mhz``; then the fastest detector, the most central VCO.

    A second output can be ``times`` as fast. ParameterError when none comes within ``TOLERANCE``,
    naming the nearest clock that there is.
    """
    source, wanted = Fraction(source_mhz), Fraction(wanted_mhz)
    middle = Fraction(sum(limits.vco)) / 2
    found = min(
        settings(limits, source, wanted, times),
        key=lambda pll: (abs(pll.mhz - wanted), pll.reference, abs(pll.vco_mhz - middle)),
        default=None,
    )
    near = found is not None and abs(found.mhz - wanted) <= TOLERANCE * wanted
    low, high = limits.output
    contract = (
        f"no PLL setting makes this clock from {source_mhz:g} MHz within 1 %; a PLL gives "
        f"{low:g}..{high:g} MHz"
    )
    contract += f", and {times} times as much beside it" if times > 1 else ""
    hint = "" if found is None else f"the nearest is {float(found.mhz):g}"
    require(near, "--clock", contract, wanted_mhz, hint=hint)
    return found


def fastest(limits: Pll, source_mhz: float, most_mhz: float) -> Setting | None:
    """The setting of the highest clock that is at most ``most_mhz``; None where there is none."""
    source, most = Fraction(source_mhz), Fraction(most_mhz)
    below = (pll for pll in settings(limits, source, most, 1) if pll.mhz <= most)
    return max(below, key=lambda pll: pll.mhz, default=None)


def settings(limits: Pll, source: Fraction, wanted: Fraction, times: int) -> Iterator[Setting]:
    """For each frequency of the detector, the settings on both sides of the wanted clock."""
    if not within(source, limits.source):
        return
    whole = [n for n in limits.dividers if not n % times]
    for reference in limits.references:
        if not within(source / reference, limits.detector):
            continue
        for feedback, divider in ratios(limits, whole, wanted / (source / reference)):
            vco = source / reference * feedback
            made = vco / divider
            allowed = within(made, limits.output) and within(times * made, limits.output)
            if within(vco, limits.vco) and allowed:
                yield Setting(source_mhz=source, reference=reference, feedback=feedback,
                              divider=divider)  # fmt: skip


def ratios(limits: Pll, dividers: Sequence[int], wanted: Fraction) -> Iterator[tuple[int, int]]:
    """Pairs of feedback, of the oscillator, and divider: the nearest on both sides of a ratio."""
    if limits.outside:
        for divider in dividers:
            for times in (int(wanted), int(wanted) + 1):
                if times in limits.feedbacks:
                    yield times * divider, divider
        return
    for feedback in limits.feedbacks:
        above = bisect(dividers, feedback / wanted)
        for divider in dividers[max(above - 1, 0) : above + 1]:
            yield feedback, divider


def within(mhz: Fraction, limits: tuple[float, float]) -> bool:
    """Whether a frequency is allowed."""
    return limits[0] <= mhz <= limits[1]
