"""Layers of several bits, with biases, in groups and by products, in turn: exact in all."""

import numpy as np
import pytest
from exact_draws import exact_draws

from fq_hw import ir
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import InTurn, Supply
from fq_hw.schedule.lines import FEWEST_BITS
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import ArrayUnit

MOST_CYCLES = 5_000  # of a plan's three frames, for the sake of time


def rows_of(dice: np.random.Generator, channels: int, bits: int, reach: int) -> np.ndarray:
    """Levels of each channel: at even distances where they are many, as requantizing has them."""
    count = 2**bits - 1
    if bits < FEWEST_BITS:
        return np.sort(dice.integers(-reach // 2, reach // 2 + 1, (channels, count)), axis=1)
    step = dice.uniform(0.6, 1.0, (channels, 1)) * reach / count
    first = dice.uniform(-0.5, 0.1, (channels, 1)) * reach
    return np.floor(first + step * np.arange(count)).astype(int)


def network(dice: np.random.Generator) -> ir.Graph:
    """A layer that streams, layers of random kinds for an array, scores."""
    bits, most = int(dice.choice([1, 2, 3, 6, 8])), int(dice.choice([2, 3, 7, 127]))
    if plain := dice.random() < 0.3:  # as the networks trained here
        bits, most = 2, 1
    height, width = (int(n) for n in dice.integers(2, 7, 2))
    table = dice.integers(0, 2**bits, (1, 256, int(dice.integers(2, 7))))
    ops: list[ir.Op] = [
        ir.Input(name="x", shape=(height, width, 1)),
        ir.Embed(name="embedding", inputs=("x",), table=table, out_bits=bits),
    ]

    def shape() -> tuple[int, int, int]:
        types: dict[str, ir.TensorType] = {}
        for op in ops:
            types[op.name] = ir.infer(op, *(types[name] for name in op.inputs))
        return types[ops[-1].name].shape

    def add(op: type[ir.Op], name: str, *inputs: str, **fields) -> str:
        ops.append(op(name=name, inputs=inputs or (ops[-1].name,), **fields))
        return name

    def layer(name: str, cout: int, kernel: int, stride: int, groups: int) -> int:
        size = cout, kernel, kernel, shape()[2] // groups
        weight = dice.choice([-1, 1], size)
        if most > 1 and dice.random() < 0.8:
            weight = dice.integers(-most if dice.random() < 0.8 else 0, most + 1, size)
        weight.flat[0] = most
        add(ir.Conv, name, weight=weight, scale=1.0, groups=groups, stride=stride,
            padding=kernel // 2)  # fmt: skip
        if dice.random() < 0.6:
            reach = most * 2**bits
            add(ir.Bias, f"{name}.biased", bias=dice.integers(-reach, reach + 1, cout))
        return most * 2**bits * int(np.prod(size[1:]))

    def levels(name: str, reach: int) -> None:
        cout = shape()[2]
        sign = dice.choice([-1, 1], cout) if bits < FEWEST_BITS else np.ones(cout, int)
        add(ir.Threshold, name, levels=rows_of(dice, cout, bits, reach), sign=sign, out_bits=bits)

    for number in range(int(dice.integers(1, 4))):
        channels = shape()[2]
        groups = int(dice.choice([1, 1, 2, channels, channels]))
        groups = groups if channels % groups == 0 and not plain else 1
        cout = channels if groups == channels else groups * int(dice.integers(1, 4))
        kernel, stride = int(dice.choice([1, 3])), int(dice.choice([1, 1, 2]))
        reach = layer(f"layer{number}", cout, kernel, stride, groups)
        trunk = ops[-1].name
        levels(f"levels{number}", reach)
        if dice.random() < 0.3:
            reach += layer(f"block{number}", cout, int(dice.choice([1, 3])), 1, 1)
            add(ir.Add, f"sum{number}", trunk, ops[-1].name)
            levels(f"after{number}", reach)
    layer("last", 3, int(dice.choice([1, 3])), 1, 1)
    if dice.random() < 0.5:  # what leaves the array is kept till all of it is made
        levels("levels", 2**bits * most)
    add(ir.PixelSum, "sum")
    add(ir.ClassScale, "scores", multiplier=np.array([3, 2, 5]))
    add(ir.ArgMax, "label")
    return lower_graph(ir.Graph("drawn", tuple(ops)))


def drawn(dice):
    graph = network(dice)
    pe = int(dice.choice([1, 2, 3]))
    array = Array(
        columns=int(dice.choice([2, 4])), pe=pe, simd=pe * int(dice.integers(1, 4)), depth=512,
        levels_per_stage=dice.choice(np.array([None, 1, 2])),
    )  # fmt: skip
    ends = ir.Conv | ir.Bias if dice.random() < 0.6 else ir.Conv | ir.Bias | ir.Threshold
    until = next(op.name for op in reversed(graph.ops) if isinstance(op, ends))
    supply = Supply.STREAM if dice.random() < 0.3 else Supply.CHIP  # whose words may be late
    stage = InTurn(after="embedding", until=until, array=array, supply=supply)
    return graph, lower(graph, {}, arrays=[stage])


def seen(graph, plan):
    (unit,) = (node.unit for node in plan.nodes if isinstance(node.unit, ArrayUnit))
    yield "masked" if unit.masked else "signs"
    yield from ["planes"] * (unit.planes > 1)
    yield from ["line"] * (unit.line is not None)
    yield from ["depthwise"] * any(step.depthwise for step in unit.passes)
    yield from ["trunk"] * any(step.add for step in unit.passes)
    yield from ["late"] * any(node.name.endswith(".memory") for node in plan.nodes)
    yield from ["leaves"] * (unit.leaves is not None)
    yield from ["inverted"] * any(step.inverted for step in unit.passes)


@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    found = exact_draws(examples, drawn, seen, most=MOST_CYCLES)
    kinds = ("masked", "signs", "planes", "line", "depthwise", "inverted", "trunk", "late",
             "leaves")  # fmt: skip
    assert all(found[kind] for kind in kinds), found
