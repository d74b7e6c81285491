"""Whole networks whose dot products have the form of a family, on twins of its primitives."""

import pytest

from rtl_gen.dot_product import FAMILIES
from sim import network
from sim.primitives import twins

CARRIES = [family for family in FAMILIES if family != "plain"]


@pytest.mark.verilator
@pytest.mark.parametrize("family", CARRIES)
@pytest.mark.parametrize("case", ["awkward"], indirect=True)
def test_scores(case, family, programs):
    program = network.build(case.plan, programs, family, brief=True)
    free = case.run(program, 12)
    case.assert_equal(free)
    case.assert_equal(case.run(program, 6, pause_in=60, pause_out=220))
    again = case.run(program, 4, reset_at=free.results[0] * 3 // 2)  # with several frames inside
    case.assert_equal(again)
    assert again.results == free.results[:4]


def test_every_family_has_twins():
    assert not twins("plain")
    for family in CARRIES:
        assert "module" in "".join(twins(family).values())
