"""Dividers: every setting inside the limits, the frequency exact, the nearest one found."""

from fractions import Fraction

import pytest

from boards.pll import TOLERANCE, Setting, dividers, fastest
from fq_hw.errors import ParameterError
from fq_hw.family import FAMILIES, Pll

ECP5, ICE40 = FAMILIES["ecp5"].pll, FAMILIES["ice40"].pll
GOWIN, GW5A = FAMILIES["gowin"].pll, FAMILIES["gw5a"].pll
CASES = [
    (ECP5, 25.0),
    (ECP5, 48.0),
    (ICE40, 12.0),
    (ICE40, 48.0),
    (GOWIN, 27.0),
    (GOWIN, 50.0),
    (GW5A, 50.0),
]


def legal(limits: Pll, pll: Setting) -> bool:
    ranges = [
        (pll.source_mhz, limits.source),
        (pll.source_mhz / pll.reference, limits.detector),
        (pll.source_mhz * pll.feedback / pll.reference, limits.vco),
        (pll.source_mhz * pll.feedback / pll.reference / pll.divider, limits.output),
    ]
    feedback = Fraction(pll.feedback, pll.divider if limits.outside else 1)
    numbers = (
        pll.reference in limits.references
        and feedback in limits.feedbacks
        and pll.divider in limits.dividers
    )
    return numbers and all(low <= mhz <= high for mhz, (low, high) in ranges)


@pytest.mark.parametrize(("limits", "source"), CASES)
def test_every_clock_is_legal_and_near_or_refused(limits, source):
    made = 0
    for wanted in [*range(1, 100, 2), *range(100, 420, 5)]:
        try:
            pll = dividers(limits, source, wanted)
        except ParameterError:
            continue
        made += 1
        assert legal(limits, pll), pll
        assert pll.mhz == Fraction(source) * pll.feedback / pll.reference / pll.divider
        assert abs(pll.mhz - wanted) <= TOLERANCE * wanted
    assert made > 50


@pytest.mark.parametrize(
    ("limits", "source", "wanted", "ratio"),
    [(ECP5, 25, 100, 4), (ECP5, 25, 62.5, Fraction(5, 2)), (ECP5, 48, 120, Fraction(5, 2)),
     (ICE40, 12, 24, 2), (ICE40, 12, 30, Fraction(5, 2)), (GOWIN, 27, 108, 4),
     (GOWIN, 27, 67.5, Fraction(5, 2)), (GW5A, 50, 120, Fraction(12, 5))],
)  # fmt: skip
def test_exact_where_a_ratio_exists(limits, source, wanted, ratio):
    assert dividers(limits, source, wanted).mhz == source * ratio == wanted


def test_nearest_of_all_settings():
    """Against every setting that there is, without the search's short cuts."""
    every = [
        vco / n
        for reference in ECP5.references
        for feedback in ECP5.feedbacks
        if (detector := Fraction(25, reference)) >= 10
        and 400 <= (vco := detector * feedback) <= 800
        for n in ECP5.dividers
    ]
    for wanted in (33, 66, 101, 143, 177, 251):
        best = min(abs(mhz - wanted) for mhz in every if 3.125 <= mhz <= 400)
        assert abs(dividers(ECP5, 25, wanted).mhz - wanted) == best


@pytest.mark.parametrize(("limits", "source"), CASES)
def test_the_fastest_that_is_slow_enough(limits, source):
    """Below it ``dividers`` finds nothing faster, wherever it looks."""
    for most in (31.7, 60.0, 77.77, 113.6):
        pll = fastest(limits, source, most)
        assert legal(limits, pll) and pll.mhz <= most
        for wanted in (most * n / 400 for n in range(380, 401)):
            try:
                other = dividers(limits, source, wanted)
            except ParameterError:
                continue
            assert not pll.mhz < other.mhz <= most
    assert fastest(limits, source, 1.0) is None


def test_prefers_the_fast_detector_and_the_central_vco():
    assert dividers(ECP5, 25, 100) == Setting(
        source_mhz=Fraction(25), reference=1, feedback=24, divider=6
    )


@pytest.mark.parametrize(
    ("limits", "source", "wanted", "nearest"),
    [(ECP5, 25, 410, "the nearest is 400"), (ECP5, 25, 2, r"3.125..400 MHz"),
     (ICE40, 12, 15, "the nearest is 16.[0-9]+"), (ECP5, 5, 100, r"3.125..400 MHz \(got 100\)")],
)  # fmt: skip
def test_refuses_what_cannot_be_made(limits, source, wanted, nearest):
    with pytest.raises(ParameterError, match=f"^--clock: no PLL setting makes .*{nearest}"):
        dividers(limits, source, wanted)
