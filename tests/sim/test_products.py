"""Networks whose products lie on multipliers: exact in every score and cycle."""

import pytest
from exact_draws import drawn_folds, exact_draws
from window_networks import network

from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import DepthwiseUnit, ProductUnit
from fq_hw.schedule.units.engine import Shared


def drawn(dice):
    graph = network(dice, widths=range(3, 9), largest=(7, 7, 127))
    return graph, lower(graph, drawn_folds(graph, dice, lambda fold: fold.dsp))


def seen(graph, plan):
    for node in plan.nodes:
        match node.unit:
            case DepthwiseUnit(dsp=True):
                yield "depthwise"
            case ProductUnit() as unit:
                yield unit.shared
                yield from ["padded"] * (unit.padded and unit.pad_level > 0)
                yield from ["columns"] * (unit.columns > 1)


@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    found = exact_draws(examples, drawn, seen)
    kinds = "depthwise", *Shared, "padded", "columns"
    assert all(found[kind] for kind in kinds), found
