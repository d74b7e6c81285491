"""Networks whose products lie on multipliers: exact in every score and cycle."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from simcases import FRAMES, assert_exact
from window_networks import network

from fq_hw import ir
from fq_hw.schedule import timing
from fq_hw.schedule.choices import folds_of
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import DepthwiseUnit, ProductUnit
from fq_hw.schedule.units.engine import Shared

MOST_CYCLES = 2_500  # of a plan's three frames, for the sake of time


@pytest.mark.parametrize("examples", [20, pytest.param(150, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    """Every score and every pixel's and result's cycle, folded at random; then stalled."""
    seen = Counter()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed):
        dice = np.random.default_rng(seed)
        graph = network(dice, widths=range(3, 9), largest=(7, 7, 127))
        folds = {}
        for op in graph.ops:
            if isinstance(op, ir.Conv):
                ways = folds_of(graph, op)
                space = [fold for fold in ways if fold.dsp] or ways
                folds[op.name] = space[dice.integers(len(space))]
        plan = lower(graph, folds)
        schedule = timing.simulate(plan, FRAMES)
        assume(schedule.results[-1] < MOST_CYCLES)
        assert_exact(graph, plan, schedule, seed, dice)
        for node in plan.nodes:
            match node.unit:
                case DepthwiseUnit(dsp=True):
                    seen["depthwise"] += 1
                case ProductUnit():
                    seen[node.unit.shared] += 1
                    seen["hold"] += node.unit.hold > 1
                    seen["padded"] += node.unit.padded and node.unit.pad_level > 0
                    seen["columns"] += node.unit.columns > 1

    check()
    kinds = "depthwise", *Shared, "padded", "columns"
    assert all(seen[kind] >= 2 for kind in kinds), seen
