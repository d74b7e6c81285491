"""The solver against trying everything, on random tables of costs."""

import itertools
import os
import signal
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fq_hw.errors import ToolError
from fq_hw.schedule.resources import Resources
from fq_hw.schedule.solver import (
    KINDS,
    Choice,
    Problem,
    SkipCost,
    cp_sat,
    hopeless,
    solve,
    stoppable,
)

NUMBERS = st.integers(0, 40)
COSTS = st.builds(Resources, lut=NUMBERS, ff=NUMBERS, ebr=NUMBERS, multipliers=NUMBERS)


def best(problem, limits, first):
    """The least ``value`` of all that keep ``limits``; None where nothing does."""
    found = []
    for picked in itertools.product(*(range(len(row)) for row in problem.layers)):
        costs = problem.costs(picked)
        if limits is None or all(getattr(costs, k) <= getattr(limits, k) for k in KINDS):
            found.append(value(problem, picked, first, limits))
    return min(found, default=None)


def value(problem, picked, first, limits):
    """Of kind ``first``, LUT, within limits with wires, block RAMs, wires, flip-flops."""
    costs = problem.costs(picked)
    wires = sum(row[n].wires for row, n in zip(problem.layers, picked, strict=True))
    area = costs.lut + (0 if limits is None else wires)
    return first and getattr(costs, first), area, costs.ebr, wires, costs.ff


@st.composite
def choices(draw):
    return Choice(
        costs=draw(COSTS),
        wires=draw(st.integers(0, 9)),
        group=draw(st.sampled_from((1, 2, 4))),
        held=draw(st.integers(1, 12)),
        delay=draw(st.integers(0, 30)),
    )


@st.composite
def depths(draw, keys):
    """A least depth for every tuple of groups, or none; one at least has a depth."""
    least = {key: draw(st.none() | NUMBERS) for key in keys}
    return least | {keys[0]: draw(NUMBERS)}


@st.composite
def problems(draw):
    layers = draw(st.lists(st.lists(choices(), min_size=1, max_size=4), min_size=1, max_size=4))
    skips = []
    for _ in range(draw(st.integers(0, 2))):
        some = st.lists(st.integers(0, len(layers) - 1), min_size=1, max_size=3, unique=True)
        shaping = draw(some)
        keys = itertools.product(*(sorted({c.group for c in layers[n]}) for n in shaping))
        prices = draw(st.lists(COSTS, min_size=1, max_size=5))
        width = draw(st.integers(1, 60))
        skips.append(
            SkipCost(
                shaping=tuple(shaping),
                least=draw(depths(list(keys))),
                branch=tuple(draw(some)),
                delay=draw(st.integers(0, 5)),
                pixels=draw(st.integers(1, 50)),
                cycles=draw(st.integers(1, 200)),
                pixel_beats=draw(st.integers(1, 4)),
                costs=lambda depth, prices=prices, width=width: prices[
                    depth // width % len(prices)
                ],
            )
        )
    return Problem(layers=tuple(map(tuple, layers)), skips=tuple(skips), fixed=draw(COSTS))


MOST = st.integers(0, 200)
LIMITS = st.none() | st.builds(Resources, lut=MOST, ff=MOST, ebr=MOST, multipliers=MOST)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problem=problems(), limits=LIMITS, first=st.sampled_from((None, *KINDS)))
def test_nothing_is_better(problem, limits, first):
    picked = solve(problem, limits, first=first)
    want = best(problem, limits, first)
    assert (picked and value(problem, picked, first, limits)) == want
    if limits is not None and hopeless(problem, limits):
        assert want is None
    assert solve(problem, limits, first=first) == picked


@settings(max_examples=200, deadline=None, derandomize=True)
@given(problem=problems())
def test_depths_are_bounds(problem):
    for picked in itertools.product(*(range(len(row)) for row in problem.layers)):
        made = [row[n] for row, n in zip(problem.layers, picked, strict=True)]
        for skip in problem.skips:
            low, high = skip.depths(problem.layers)
            depth = skip.depth(made)
            assert depth is None or low <= depth <= high


def test_hopeless_knows_what_one_kind_alone_would_not_show():
    """Either choice fits one limit, neither both, and no single sum shows it."""
    kinds = Resources(lut=10, ff=3, ebr=0), Resources(lut=0, ff=1, ebr=1)
    problem = Problem(layers=(tuple(Choice(costs=costs) for costs in kinds),) * 4)
    fits = Resources(lut=20, ff=8, ebr=2)
    assert not hopeless(problem, fits) and solve(problem, fits) is not None
    assert hopeless(problem, replace(fits, lut=9))
    assert solve(problem, replace(fits, lut=19)) is None
    assert not hopeless(problem, replace(fits, ff=7))
    assert solve(problem, replace(fits, ff=7)) is None
    assert hopeless(problem, replace(fits, ff=3))


def test_a_missing_solver_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(
        ToolError, match=r"^ortools: not found \(.*\); install it with `pip install"
    ):
        solve(Problem(layers=((Choice(costs=Resources()),),)))


def pigeons(count: int):
    """One hole too few: easy to say, and not proven in a minute."""
    model = cp_sat().CpModel()
    sits = [[model.new_bool_var("") for _ in range(count - 1)] for _ in range(count)]
    for pigeon in sits:
        model.add_bool_or(pigeon)
    for hole in zip(*sits, strict=True):
        for one, other in itertools.combinations(hole, 2):
            model.add_bool_or(~one, ~other)
    return model


def test_an_interrupt_stops_the_search():
    solver = cp_sat().CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_presolve = False  # which would see it
    solver.parameters.symmetry_level = 0

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            stoppable(solver, pigeons(30))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < 5


@pytest.fixture
def heard():
    """Ctrl-C is heard, though it is ignored in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_interrupts_are_heard_after_the_solver():
    """OR-tools would keep them to itself."""
    layer = (Choice(costs=Resources(lut=2)), Choice(costs=Resources(lut=1)))
    assert solve(Problem(layers=(layer,))) == (1,)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_nothing_to_choose():
    nothing = Problem(layers=(), fixed=Resources(lut=5))
    assert solve(nothing) == solve(nothing, Resources(lut=5)) == ()
    assert solve(nothing, Resources(lut=4)) is None
