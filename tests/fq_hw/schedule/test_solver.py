"""The solver against trying everything, on random tables of costs."""

import itertools
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fq_hw.errors import ToolError
from fq_hw.schedule.solver import Choice, Costs, Problem, SkipCost, hopeless, solve

NUMBERS = st.integers(0, 40)


def best(problem, limits, ebr_first):
    """Least LUT (or block RAMs), then the other, then dots; and None where nothing fits."""
    found = []
    for picked in itertools.product(*(range(len(row)) for row in problem.layers)):
        costs = problem.costs(picked)
        if limits is None or (costs.lut <= limits.lut and costs.ebr <= limits.ebr):
            dots = sum(row[n].dots for row, n in zip(problem.layers, picked, strict=True))
            pair = (costs.ebr, costs.lut) if ebr_first else (costs.lut, costs.ebr)
            found.append((*pair, dots))
    return min(found, default=None)


def value(problem, picked, ebr_first):
    costs = problem.costs(picked)
    dots = sum(row[n].dots for row, n in zip(problem.layers, picked, strict=True))
    return (*((costs.ebr, costs.lut) if ebr_first else (costs.lut, costs.ebr)), dots)


@st.composite
def choices(draw):
    return Choice(
        costs=Costs(lut=draw(NUMBERS), ebr=draw(NUMBERS)),
        dots=draw(st.integers(1, 9)),
        columns=draw(st.sampled_from((1, 2, 4))),
        held=draw(st.integers(1, 12)),
        delay=draw(st.integers(0, 30)),
    )


@st.composite
def problems(draw):
    layers = draw(st.lists(st.lists(choices(), min_size=1, max_size=4), min_size=1, max_size=4))
    skips = []
    for _ in range(draw(st.integers(0, 2))):
        some = st.lists(st.integers(0, len(layers) - 1), min_size=1, max_size=3, unique=True)
        shaping = draw(some)
        keys = itertools.product(*(sorted({c.columns for c in layers[n]}) for n in shaping))
        prices = draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
        width = draw(st.integers(1, 60))
        skips.append(
            SkipCost(
                shaping=tuple(shaping),
                least={key: draw(NUMBERS) for key in keys},
                branch=tuple(draw(some)),
                delay=draw(st.integers(0, 5)),
                pixels=draw(st.integers(1, 50)),
                cycles=draw(st.integers(1, 200)),
                pixel_beats=draw(st.integers(1, 4)),
                costs=lambda depth, prices=prices, width=width: Costs(
                    lut=prices[depth // width % len(prices)][0],
                    ebr=prices[depth // width % len(prices)][1],
                ),
            )
        )
    fixed = Costs(lut=draw(NUMBERS), ebr=draw(NUMBERS))
    return Problem(layers=tuple(map(tuple, layers)), skips=tuple(skips), fixed=fixed)


LIMITS = st.none() | st.builds(Costs, lut=st.integers(0, 200), ebr=st.integers(0, 200))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problem=problems(), limits=LIMITS, ebr_first=st.booleans())
def test_nothing_is_better(problem, limits, ebr_first):
    picked = solve(problem, limits, ebr_first=ebr_first)
    want = best(problem, limits, ebr_first)
    assert (picked and value(problem, picked, ebr_first)) == want
    if limits is not None and hopeless(problem, limits):
        assert want is None
    assert solve(problem, limits, ebr_first=ebr_first) == picked


@settings(max_examples=200, deadline=None, derandomize=True)
@given(problem=problems())
def test_depths_are_bounds(problem):
    for picked in itertools.product(*(range(len(row)) for row in problem.layers)):
        made = [row[n] for row, n in zip(problem.layers, picked, strict=True)]
        for skip in problem.skips:
            low, high = skip.depths(problem.layers)
            assert low <= skip.depth(made) <= high


def test_hopeless_knows_what_one_kind_alone_would_not_show():
    """Either choice fits one limit, neither both, and no single sum shows it."""
    rows = ((Choice(costs=Costs(lut=10, ebr=0)), Choice(costs=Costs(lut=0, ebr=1))),)
    problem = Problem(layers=rows * 4)
    assert hopeless(problem, Costs(lut=9, ebr=2))
    assert not hopeless(problem, Costs(lut=20, ebr=2))
    assert solve(problem, Costs(lut=20, ebr=2)) is not None
    assert solve(problem, Costs(lut=19, ebr=2)) is None


def test_a_missing_solver_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(
        ToolError, match=r"^ortools: not found \(.*\); install it with `pip install"
    ):
        solve(Problem(layers=((Choice(costs=Costs(lut=1, ebr=0)),),)))
