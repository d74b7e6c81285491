"""Networks of windows of any kind and of grouped convolutions: exact in every score and cycle."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from simcases import FRAMES, assert_exact

from fq_hw import ir
from fq_hw.ir import Axis
from fq_hw.ir.axis import sides
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.choices import folds_of
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import DepthwiseUnit, WindowPoolUnit, WindowUnit

MOST_CYCLES = 2_500  # of a plan's three frames, for the sake of time


def axis(dice: np.random.Generator, size: int) -> Axis:
    """Windows that fit a side of ``size``."""
    while True:
        kernel, stride, dilation = (
            int(dice.choice(n)) for n in ([1, 2, 3, 3, 4], [1, 1, 2], [1, 1, 2])
        )
        found = Axis(kernel=kernel, stride=stride, dilation=dilation)
        before, after = (int(n) for n in dice.integers(0, found.reach, 2))
        found = replace(found, before=before, after=after)
        if found.count(size) >= 1:
            return found


def network(dice: np.random.Generator) -> ir.Graph:
    """Layers of random kinds, each behind the last."""
    height, width, colours = dice.integers(3, 8), dice.integers(3, 9), dice.choice([1, 2])
    bits, most = int(dice.integers(1, 4)), int(dice.choice([1, 1, 3]))
    table = dice.integers(0, 2**bits, (1, 256, int(dice.integers(1, 4))))
    ops: list[ir.Op] = [
        ir.Input(name="x", shape=(height, width, colours)),
        ir.Embed(name="levels", inputs=("x",), table=table, out_bits=bits),
    ]

    def shape() -> tuple[int, int, int]:
        types: dict[str, ir.TensorType] = {}
        for op in ops:
            types[op.name] = ir.infer(op, *(types[name] for name in op.inputs))
        return types[ops[-1].name].shape

    def conv(name: str, cout: int, down: Axis, across: Axis, groups: int = 1) -> None:
        size = cout, down.kernel, across.kernel, shape()[2] // groups
        weight = dice.choice([-1, 1], size) if most == 1 else dice.integers(-most, most + 1, size)
        weight.flat[0] = most
        ops.append(ir.Conv(
            name=name, inputs=(ops[-1].name,), weight=weight, scale=None, groups=groups,
            pad_level=int(dice.integers(0, 2**bits)), **sides(down, across),
        ))  # fmt: skip

    for layer in range(int(dice.integers(1, 4))):
        h, w, c = shape()
        down, across = axis(dice, h), axis(dice, w)
        kind = dice.choice(["conv", "depthwise", "groups", "pool"])
        if kind == "pool" and (down.blind(h) or across.blind(w)):
            kind = "conv"
        source = ops[-1].name
        if kind == "pool":
            sign = dice.choice([-1, 1], c) if dice.random() < 0.5 else None
            ops.append(ir.MaxPool(
                name=f"pool{layer}", inputs=(source,), kernel=(down.kernel, across.kernel),
                sign=sign, **sides(down, across),
            ))  # fmt: skip
            continue
        groups = {
            "conv": 1,
            "depthwise": c,
            "groups": int(dice.choice([g for g in (1, 2, 3) if c % g == 0])),
        }
        cout = c if kind == "depthwise" else groups[kind] * int(dice.integers(1, 4))
        conv(f"{kind}{layer}", cout, down, across, groups[kind])
        rows = np.sort(dice.integers(-6, 7, (cout, 2**bits - 1)), axis=1)
        ops.append(ir.Threshold(
            name=f"levels{layer}", inputs=(ops[-1].name,), levels=rows,
            sign=dice.choice([-1, 1], cout), out_bits=bits,
        ))  # fmt: skip
    conv("last", 3, Axis(kernel=1), Axis(kernel=1))
    ops += [
        ir.PixelSum(name="sum", inputs=("last",)),
        ir.ClassScale(name="scores", inputs=("sum",), multiplier=np.array([3, 2, 5])),
        ir.ArgMax(name="label", inputs=("scores",)),
    ]
    return lower_graph(ir.Graph("drawn", tuple(ops)))


@pytest.mark.parametrize("examples", [25, pytest.param(150, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    """Every score and every pixel's and result's cycle, folded at random; then stalled."""
    seen = Counter()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed):
        dice = np.random.default_rng(seed)
        graph = network(dice)
        convs = [op for op in graph.ops if isinstance(op, ir.Conv)]
        folds = {}
        for op in convs:
            space = folds_of(graph, op)
            folds[op.name] = space[dice.integers(len(space))]
        plan = lower(graph, folds)
        schedule = timing.simulate(plan, FRAMES)
        assume(schedule.results[-1] < MOST_CYCLES)
        assert_exact(graph, plan, schedule, seed, dice)
        for node in plan.nodes:
            match node.unit:
                case DepthwiseUnit():
                    seen["depthwise, " + ("signs" if node.unit.weight_bits == 1 else "bits")] += 1
                case WindowPoolUnit():
                    seen["pool, " + ("signed" if node.unit.signed else "plain")] += 1
                case WindowUnit():
                    seen["parts"] += node.unit.channel_parts > 1
                    seen["dilated"] += node.unit.down.dilation > 1
                    seen["sides"] += node.unit.down != node.unit.across
                    seen["columns"] += node.unit.columns > 1

    check()
    kinds = ("depthwise, signs", "depthwise, bits", "pool, signed", "pool, plain", "parts",
             "dilated", "sides", "columns")  # fmt: skip
    assert all(seen[kind] >= 2 for kind in kinds), seen
