"""Plans of stages that nobody chose: arrays between engines, exact in every score and cycle."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from networks import random_checkpoint
from simcases import FRAMES, assert_exact

from fq_hw.export import export
from fq_hw.ir import Conv, Graph
from fq_hw.layers import Embedding
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.folding import Fold, divisors
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import fitted
from fq_hw.schedule.in_turn.stage import InTurn, Supply, partition, places
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import ArrayUnit

MOST_CYCLES = 1_800  # of a plan's three frames, for the sake of time


def network(dice: np.random.Generator) -> Network:
    """A stem and two stages of blocks, the second strided or not."""
    block = Block.BOTTLENECK if dice.random() < 0.5 else Block.BASIC
    height, width, stem, first, second = dice.integers(2, 4, 5).tolist()
    return Network(
        name="drawn",
        image=(height, width + 1, int(dice.choice([1, 3]))),
        classes=int(dice.integers(2, 4)),
        embedding=Embedding(length=int(dice.integers(1, 3))),
        stem=(StemConv(width=stem, norm=False),),
        block=block,
        stages=(
            Stage(width=first, blocks=1, stride=1),
            Stage(width=second, blocks=1, stride=int(dice.integers(1, 3))),
        ),
    )


def arrays(graph: Graph, dice: np.random.Generator) -> list[InTurn]:
    """One or two, wherever they may lie; every second time behind the stem and before the tail."""
    firsts, lasts = places(graph)
    order = {op.name: place for place, op in enumerate(graph.ops)}
    if dice.random() < 0.5:
        firsts, lasts = [n for n in firsts if order[n] >= order["stem.0.conv"]], lasts[:-1]
    pairs, found = [(a, b) for a in firsts for b in lasts if order[a] < order[b]], []
    for _ in range(dice.integers(1, 3)):
        if pairs:
            after, until = pairs[dice.integers(len(pairs))]
            array = Array(
                columns=int(dice.choice([2, 4])), pe=int(dice.integers(2, 4)), simd=6,
                levels_per_stage=[None, 1, 2][dice.integers(3)],
            )  # fmt: skip
            supply = Supply.STREAM if dice.random() < 0.5 else Supply.CHIP
            stage = replace(fitted(graph, after, until, array), supply=supply)
            if dice.random() < 0.8:  # so deep that halves take no block more
                stage = replace(stage, array=replace(stage.array, depth=2048))
            found.append(stage)
            pairs = [(a, b) for a, b in pairs if order[until] <= order[a]]
    return found


def folds(graph: Graph, streamed: list[str], dice: np.random.Generator) -> dict[str, Fold]:
    """Folds whose lanes divide what they must."""
    found = {}
    for name in streamed:
        cout, _, _, cin = graph[name].weight.shape
        numbers = cout, cin, graph.types[name].shape[1]
        pe, simd, columns = (int(dice.choice(divisors(n)[-2:])) for n in numbers)
        levels = int(dice.integers(1, 3))
        found[name] = Fold(pe=pe, simd=simd, columns=columns, levels_per_stage=levels)
    return found


@pytest.mark.parametrize(
    ("seeds", "examples"),
    [((2, 5, 6, 7, 33, 41), 6), pytest.param(range(600), 60, marks=pytest.mark.slow)],
    ids=["few", "many"],
)
def test_equals_simulation(seeds, examples):
    """Every score and every pixel's and result's cycle, of so many partitions; then stalled."""
    around, ahead, kinds, left = Counter(), Counter(), set(), iter(seeds)
    while len(kinds) < examples:
        seed = next(left)
        dice = np.random.default_rng(seed)
        drawn = network(dice)
        exported = export(random_checkpoint(drawn, seed % 100))
        graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes))
        stages = arrays(graph, dice)
        inside = partition(graph, stages)
        convs = [op.name for op in graph.ops if isinstance(op, Conv)]
        streamed = [name for name in convs if name not in inside]
        plan = lower(graph, folds(graph, streamed, dice), arrays=stages)
        schedule = timing.simulate(plan, FRAMES)
        if schedule.results[-1] >= MOST_CYCLES:
            continue
        assert_exact(graph, plan, schedule, seed, dice)
        kinds.add((drawn, *stages))
        units = [node.unit for node in plan.nodes if isinstance(node.unit, ArrayUnit)]
        ahead.update((unit.apart, unit.passes[-1].give) for unit in units)
        around[drawn.block, convs[0] in streamed and convs[-1] in streamed] += 1
    assert all(around[block, True] for block in Block)  # a streamed stem and a streamed tail
    assert all(ahead[True, give] for give in (True, False)), ahead  # frames come in meanwhile
