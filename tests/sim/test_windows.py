"""Networks of windows of any kind and of grouped convolutions: exact in every score and cycle."""

import pytest
from exact_draws import drawn_folds, exact_draws
from window_networks import network

from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import DepthwiseUnit, WindowPoolUnit, WindowUnit


def drawn(dice):
    graph = network(dice)
    return graph, lower(graph, drawn_folds(graph, dice))


def seen(graph, plan):
    for node in plan.nodes:
        match node.unit:
            case DepthwiseUnit() as unit:
                yield "depthwise, " + ("signs" if unit.weight_bits == 1 else "bits")
            case WindowPoolUnit() as unit:
                yield "pool, " + ("signed" if unit.signed else "plain")
            case WindowUnit() as unit:
                yield from ["parts"] * (unit.channel_parts > 1)
                yield from ["dilated"] * (unit.down.dilation > 1)
                yield from ["sides"] * (unit.down != unit.across)
                yield from ["columns"] * (unit.columns > 1)


@pytest.mark.parametrize("examples", [14, pytest.param(150, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    found = exact_draws(examples, drawn, seen)
    kinds = ("depthwise, signs", "depthwise, bits", "pool, signed", "pool, plain", "parts",
             "dilated", "sides", "columns")  # fmt: skip
    assert all(found[kind] for kind in kinds), found
