"""int8 networks in hardware: products on lines, tables, depthwise weights of 8 bits."""

import numpy as np
from simcases import FRAMES, assert_exact
from tflite_models import random_model

from fq_hw.foreign import tflite
from fq_hw.ir import Conv
from fq_hw.schedule import timing
from fq_hw.schedule.choices import folds_of
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import DepthwiseUnit, LineUnit, LookupUnit, ThresholdUnit, WindowPoolUnit

SEEDS = range(120)
UNITS = {LineUnit, LookupUnit, DepthwiseUnit, WindowPoolUnit}
OPERATORS = {"ADD", "CONCATENATION", "LEAKY_RELU", "MEAN", "PAD", "RESIZE_NEAREST_NEIGHBOR", "SUB"}
MOST_CYCLES = 6_000  # of a plan's three frames, for the sake of time


def drawn(seed, tmp_path):
    """A random model's graph and plan, folded at random towards speed, and its operators."""
    path = tmp_path / "net.tflite"
    path.write_bytes(random_model(seed, side=6))
    network = tflite.read(path)
    graph = tflite.judge(network, "net").model.graph
    dice = np.random.default_rng(seed)
    folds = {}
    for op in graph.ops:
        if isinstance(op, Conv):
            fast = sorted(folds_of(graph, op, 2), key=lambda f: f.pe * f.simd * f.columns)[-8:]
            folds[op.name] = fast[dice.integers(len(fast))]
    return graph, lower(graph, folds), dice, {op.kind for op in network.operators}


def test_random_models(tmp_path):
    """Every score and every pixel's and result's cycle; then stalled."""
    wanted, seen, two_sided = UNITS | OPERATORS, set(), 0
    for seed in SEEDS:
        graph, plan, dice, operators = drawn(seed, tmp_path)
        kinds = ({type(node.unit) for node in plan.nodes} | operators) & wanted
        if kinds <= seen:
            continue
        schedule = timing.simulate(plan, FRAMES)
        if schedule.results[-1] >= MOST_CYCLES:
            continue
        seen |= kinds
        lines = [node.unit for node in plan.nodes if isinstance(node.unit, LineUnit)]
        two_sided += any(unit.two_sided for unit in lines)
        assert_exact(graph, plan, schedule, seed, dice)
    assert seen == wanted and two_sided


def test_no_product_takes_255_comparators(tmp_path):
    for seed in SEEDS[:25]:
        _, plan, *_ = drawn(seed, tmp_path)
        many = [node.name for node in plan.nodes
                if isinstance(node.unit, ThresholdUnit) and node.unit.out_bits == 8]  # fmt: skip
        assert all(name.startswith(("ADD_", "SUB_")) for name in many), (seed, many)
