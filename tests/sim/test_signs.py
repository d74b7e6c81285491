"""Thresholds and pools that fall in every channel, some, none: from the graph to the beats."""

import numpy as np
import pytest
from networks import least_plan
from simcases import FRAMES, frame_vectors

from fq_hw import golden, ir
from fq_hw.passes import lower_graph
from fq_hw.schedule import units
from rtl_gen.top import Accelerator
from sim import pysim
from sim.zoo import ZOO, random_vectors

SIGNS = {"all": (-1, -1, -1), "some": (1, -1, -1), "none": (1, 1, 1)}


def make(signs: tuple[int, ...]) -> ir.Graph:
    """A threshold behind a convolution, which takes its signs, and one behind a bias; a pool."""
    dice, sign = np.random.default_rng(5), np.array(signs)

    def conv(name: str, source: str, kernel: int) -> ir.Conv:
        weight = dice.choice(np.array([-1, 1], np.int8), (3, kernel, kernel, 3))
        return ir.Conv(name=name, inputs=(source,), weight=weight, stride=1, padding=kernel // 2,
                       scale=1.0)  # fmt: skip

    def levels(name: str, source: str) -> ir.Threshold:
        rows = np.sort(dice.integers(-9, 9, (3, 3)), axis=1)
        return ir.Threshold(name=name, inputs=(source,), levels=rows, sign=sign, out_bits=2)

    table = dice.integers(0, 4, (1, 256, 3)).astype(np.uint8)
    ops = (
        ir.Input(name="x", shape=(4, 4, 1)),
        ir.Embed(name="e", inputs=("x",), table=table, out_bits=2),
        conv("c", "e", 3),
        levels("t", "c"),
        conv("d", "t", 3),
        ir.Bias(name="b", inputs=("d",), bias=np.array([3, -2, 0])),
        levels("u", "b"),
        ir.MaxPool(name="p", inputs=("u",), kernel=(2, 2), sign=sign),
        conv("f", "p", 1),
        ir.PixelSum(name="q", inputs=("f",)),
        ir.ClassScale(name="s", inputs=("q",), multiplier=np.array([2, 1, 3])),
        ir.ArgMax(name="m", inputs=("s",)),
    )
    return ir.Graph("signs", ops)


@pytest.mark.parametrize("signs", SIGNS.values(), ids=SIGNS)
def test_golden_says_what_the_op_says(signs):
    graph = make(signs)
    dice = np.random.default_rng(6)
    found = golden.run(graph, dice.integers(0, 256, (FRAMES, 4, 4, 1)).astype(np.uint8))
    for name, source in (("t", "c"), ("u", "b")):
        for at in np.ndindex(found[name].shape):
            x = signs[at[3]] * int(found[source][at])
            assert found[name][at] == sum(x >= level for level in graph[name].levels[at[3]])
    for n, row, column, channel in np.ndindex(found["p"].shape):
        window = found["u"][n, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel]
        best = max if signs[channel] > 0 else min
        assert found["p"][n, row, column, channel] == best(window.flat)


@pytest.mark.parametrize("signs", SIGNS.values(), ids=SIGNS)
def test_hardware_does_what_the_graph_says_before_any_pass(signs):
    graph = make(signs)
    lowered = lower_graph(graph)
    plan = least_plan(lowered, 400)
    falls = [lowered["t"].sign, lowered["u"].sign, plan["p"].unit.signed]
    assert (falls[0] == 1).all() and falls[1].tolist() == list(signs) and falls[2] == (-1 in signs)
    pysim.replay(Accelerator(plan, None), frame_vectors(graph, plan, 7))


def test_the_zoo_has_units_that_fall_in_every_channel():
    """Its units run as Verilog too."""
    found = set()
    for unit in ZOO.values():
        vectors = random_vectors(unit)
        if isinstance(unit, units.ThresholdUnit):
            words = vectors.i["i_level"]
            tops = [unit.i_level.bits * (lane + 1) - 1 for lane in range(unit.lanes)]
            found.add(("threshold", min(word >> top & 1 for word in words for top in tops)))
        if isinstance(unit, units.PoolUnit) and unit.signed:
            found.add(("pool", int(vectors.contents.max() < 0)))
    assert {("threshold", 1), ("pool", 1)} <= found
