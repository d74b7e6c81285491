"""Foldings: nothing in the search space is better, the costs are the plan's, refusals say why."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import NETWORKS, byte_graph, random_checkpoint, random_graph

from fq_hw import checkpoint, ir
from fq_hw.errors import CapacityError, FoldingError
from fq_hw.export import export
from fq_hw.layers import Embedding
from fq_hw.network import Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.choices import Choices, folds_of
from fq_hw.schedule.fold_search import fastest, least_lut
from fq_hw.schedule.folding import conv_cycles
from fq_hw.schedule.lower import lower
from fq_hw.schedule.resources import Resources, plan_resources, resources, wires
from fq_hw.schedule.solver import solve
from fq_hw.schedule.units import (
    ConvUnit,
    FifoUnit,
    ResultChainUnit,
    ResultUnit,
    Rom,
    RomUnit,
    ScorePipelineUnit,
    ScoreUnit,
)

SHIPPED = Path(checkpoint.__file__).parent / "models" / "ern-digits.safetensors"
TINY = replace(
    NETWORKS["basic"],
    name="tiny",
    image=(4, 4, 1),
    classes=2,
    embedding=Embedding(length=2),
    stem=(StemConv(width=1, norm=False),),
    stages=(Stage(width=2, blocks=1, stride=2),),
)


PLENTY = Resources(lut=10**6, ff=10**6, ebr=10**6)


def convs(graph):
    return [op for op in graph.ops if isinstance(op, ir.Conv)]


@pytest.fixture(scope="module")
def tiny():
    exported = export(random_checkpoint(TINY, 1))
    return lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))


@pytest.fixture(scope="module")
def graphs():
    return {name: lower_graph(random_graph(name)) for name in NETWORKS}


def dear(unit):
    """An estimate by which folds differ in block RAM too, and in FIFO depths most of all."""
    need = resources(unit)
    depth = getattr(unit, "depth", 0)
    waiting = 60 * depth if isinstance(unit, FifoUnit) else 0
    return Resources(lut=need.lut + waiting, ff=need.ff, ebr=need.ebr + -(-depth // 10))


def every_plan(graph, cycles):
    """Costs of every folding in the search space whose units all keep ``cycles``."""
    names = [conv.name for conv in convs(graph)]
    fast = [
        [fold for fold in folds_of(graph, conv) if conv_cycles(graph, conv, fold) <= cycles]
        for conv in convs(graph)
    ]
    for folds in itertools.product(*fast):
        plan = lower(graph, dict(zip(names, folds, strict=True)), cycles)
        if plan.interval_bound <= cycles:
            yield costs_in(plan)


def costs_in(plan):
    """LUT, block RAMs, flip-flops, and what bits cost in wires on their way to dot products."""
    need = sum((dear(node.unit) for node in plan.nodes), Resources())
    engines = {node.name for node in plan.nodes if isinstance(node.unit, ConvUnit)}
    ways = engines | {f"{name}.weights" for name in engines}
    paid = sum(wires(node.unit) for node in plan.nodes if node.name in ways)
    assert ways <= {node.name for node in plan.nodes}
    return need.lut, need.ebr, need.ff, paid


def costs_of(graph, folding):
    plan = lower(graph, folding.folds, folding.cycles, logic=folding.logic)
    assert plan.interval_bound <= folding.cycles
    return costs_in(plan)


def area(costs):
    """What is least within limits."""
    return costs[0] + costs[3], costs[1]


@pytest.fixture(scope="module")
def every(tiny):
    """By cycles, least first: what every folding costs that keeps them."""
    intervals = [n for n in Choices(tiny, dear).intervals if n <= 72]
    assert len(intervals) >= 2
    return {n: sorted(every_plan(tiny, n)) for n in intervals}


@pytest.mark.parametrize("cycles", [40, 72])
def test_no_folding_needs_less(tiny, every, cycles):
    found = least_lut(tiny, cycles, estimate=dear)
    costs = every[found.cycles]
    assert len(costs) > 50 and len(set(costs)) > 20
    assert costs_of(tiny, found)[:2] == costs[0][:2]
    for place, kind in ((1, "ebr"), (2, "ff")):
        fewer = sorted({cost[place] for cost in costs if cost[place] < costs[0][place]})
        assert fewer or cycles < 72, f"limits on {kind} would show nothing"
        for most in fewer:
            limits = replace(PLENTY, **{kind: most})
            want = min(area(cost) for cost in costs if cost[place] <= most)
            found = costs_of(tiny, least_lut(tiny, cycles, limits, dear))
            assert area(found) == want and found[place] <= most


def test_no_folding_that_fits_is_faster(tiny, every):
    answers = set()
    for lut, ebr, ff, _ in {cost for costs in every.values() for cost in costs[:1]}:
        for more, less in ((0, 0), (99, 3)):
            limits = Resources(lut=lut + more, ff=ff - 2 * less, ebr=ebr - less)
            fits = [n for n in every if any(fit(cost, limits) for cost in every[n])]
            if fits:
                found = fastest(tiny, limits, dear)
                assert found.cycles == fits[0]
                want = min(area(cost) for cost in every[fits[0]] if fit(cost, limits))
                assert area(costs_of(tiny, found)) == want
                assert fit(costs_of(tiny, found), limits)
                answers.add(found.cycles)
    assert len(answers) > 1


def fit(costs, limits):
    return costs[0] <= limits.lut and costs[1] <= limits.ebr and costs[2] <= limits.ff


@pytest.mark.parametrize("cycles", [1_300, 3_000, 30_000])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_costs_are_those_of_the_plan(graphs, name, cycles):
    """What the solver adds up, skip FIFOs included, is what the plan's units sum up to."""
    choices = Choices(graphs[name], resources)
    problem, folds = choices.at(cycles)
    best = solve(problem)
    for shift in (None, 0, 1, 2):
        picked = best if shift is None else [(7 * n + shift) % len(f) for n, f in enumerate(folds)]
        names = [conv.name for conv in convs(graphs[name])]
        chosen = {name: folds[n][picked[n]] for n, name in enumerate(names)}
        roms = len(problem.layers) - len(folds)
        picked = [*picked[: len(folds)], *(n % 2 for n in range(roms))]
        logic = choices.logic(cycles, picked)
        need = plan_resources(lower(graphs[name], chosen, cycles, logic=logic))
        assert len(logic) == roms // 2 and problem.costs(picked) == Resources(
            lut=need.lut, ff=need.ff, ebr=need.ebr
        )


def test_weights_lie_in_logic_where_block_ram_is_short():
    exported = export(checkpoint.read(SHIPPED))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    free = least_lut(graph, 20_000)
    need = plan_resources(lower(graph, free.folds, free.cycles, logic=free.logic))
    limits = replace(PLENTY, ebr=need.ebr // 2)
    short = least_lut(graph, 20_000, limits)
    plan = lower(graph, short.folds, short.cycles, logic=short.logic)
    assert plan_resources(plan).ebr <= limits.ebr
    with pytest.raises(CapacityError, match=r" LUT4 \(estimate: .*\), [1-9][\d,]* more than"):
        least_lut(graph, 20_000, replace(limits, lut=need.lut))  # each limit alone could be kept
    logic = [name for name, fold in short.folds.items() if fold.rom is Rom.LOGIC]
    assert logic and all(fold.rom is Rom.BY_SIZE for fold in free.folds.values())
    for name in short.folds:
        assert plan[f"{name}.weights"].unit.rom is short.folds[name].rom


def test_the_same_question_has_the_same_answer(graphs):
    for name in ("basic", "bottleneck"):
        assert least_lut(graphs[name], 2_000) == least_lut(graphs[name], 2_000)


def test_adders_per_stage_are_as_given(graphs):
    found = {n: least_lut(graphs["gains"], 2_000, levels=n) for n in (1, 2, 3)}
    needs = {}
    for levels, folding in found.items():
        assert {fold.levels_per_stage for fold in folding.folds.values()} == {levels}
        needs[levels] = plan_resources(lower(graphs["gains"], folding.folds, folding.cycles)).ff
    assert needs[1] > needs[2] > needs[3]


def test_between_intervals_nothing_changes(graphs):
    intervals = Choices(graphs["gains"], resources).intervals
    assert least_lut(graphs["gains"], intervals[5] - 1) == least_lut(graphs["gains"], intervals[4])


def test_refuses_what_no_folding_reaches(graphs):
    least_lut(graphs["basic"], 12 * 12 // 4 * 9)
    with pytest.raises(FoldingError) as caught:
        least_lut(graphs["basic"], 12 * 12 // 4 * 9 - 1)
    least = "needs at least 324 cycles per frame"
    message = f"folding 'stem.0.conv': {least} (got 323); allow as many with --cycles"
    assert str(caught.value) == message
    many = export(random_checkpoint(replace(NETWORKS["gains"], classes=400), 1))
    graph = lower_graph(ir.Graph.from_nodes(many.name, many.nodes))
    said = r"^folding 'tail.scores.serial': needs at least 600 cycles per frame \(got 599\); "
    with pytest.raises(FoldingError, match=said):  # what was asked for, no interval below it
        least_lut(graph, 599)


def test_the_tail_takes_a_class_a_cycle_where_it_must():
    many = export(random_checkpoint(replace(NETWORKS["gains"], classes=400), 1))
    graph = lower_graph(ir.Graph.from_nodes(many.name, many.nodes))
    slow, fast = (
        [node.unit for node in lower(graph, found.folds, found.cycles).nodes[-3:]]
        for found in (least_lut(graph, cycles) for cycles in (10_000, 700))
    )
    assert [type(unit) for unit in slow if type(unit) is not RomUnit] == [ScoreUnit, ResultUnit]
    kinds = [ScorePipelineUnit, ResultChainUnit]
    assert [type(unit) for unit in fast if type(unit) is not RomUnit] == kinds
    assert slow[-1].beats == 400 * 6 + 5 and fast[-1].beats == 400 + 5


def test_multipliers_are_taken_where_they_save_luts_and_no_more_than_there_are(graphs):
    graph, plenty, spent = byte_graph(), Resources(lut=10**6, ff=10**6, ebr=10**6), {}
    for count in (0, 1, 4, 156):
        found = least_lut(graph, 300, replace(plenty, multipliers=count))
        need = plan_resources(lower(graph, found.folds, found.cycles, **found.more))
        used = [fold.dsp for fold in found.folds.values()]
        assert need.multipliers <= count and (count or not any(used))
        spent[count] = need.lut
    assert spent[0] > spent[1] > spent[4] > spent[156] and all(used)
    binary = least_lut(graphs["gains"], 2_000, replace(plenty, multipliers=156))
    unasked = least_lut(graph, 300)  # nobody says that there are any
    for folding in (binary, unasked):
        assert not any(fold.dsp for fold in folding.folds.values())


def test_refuses_what_does_not_fit_and_says_what_is_missing(graphs):
    graph = graphs["gains"]
    found = least_lut(graph, 2_000)
    need = plan_resources(lower(graph, found.folds, found.cycles))
    exact = Resources(lut=need.lut, ff=need.ff, ebr=need.ebr)
    assert least_lut(graph, 2_000, exact) == found
    with pytest.raises(CapacityError) as caught:
        least_lut(graph, 2_000, replace(exact, ff=10**6, lut=need.lut - 1))
    said = re.fullmatch(
        rf"folding of 'gains': {found.cycles:,} cycles per frame need at least {need.lut:,} LUT4 "
        rf"\(estimate: (.*)\), 1 more than the {need.lut - 1:,} that may be used",
        str(caught.value),
    )
    takers = re.findall(r"([a-zA-Z ]+) ([\d,]*\d)", said[1])
    assert {"lines", "engines", "others"} < {name.strip() for name, _ in takers}
    assert sum(int(count.replace(",", "")) for _, count in takers) == need.lut
    said = r" EBR \(estimate: .*\), \d+ more than the 0 that may be"
    with pytest.raises(CapacityError, match=said):
        least_lut(graph, 2_000, replace(exact, ebr=0))
    with pytest.raises(
        CapacityError, match=r" flip-flops \(estimate: engines .*\), [\d,]+ more than the 9 that"
    ):
        least_lut(graph, 2_000, replace(exact, ff=9))
    with pytest.raises(CapacityError, match=r" LUT4 \(.*\), [\d,]+ more than the 9 that may"):
        fastest(graph, replace(PLENTY, lut=9))


def test_a_window_may_be_slower_than_every_engine_behind_it():
    """Of few output pixels and wide strides: all of the image passes through the window."""
    dice = np.random.default_rng(1)
    graph = ir.Graph.from_nodes("sparse", [
        {"op": "input", "name": "x", "inputs": [], "shape": [6, 7, 2]},
        {"op": "embed", "name": "e", "inputs": ["x"], "out_bits": 2,
         "table": dice.integers(0, 4, (1, 256, 1))},
        {"op": "conv", "name": "c", "inputs": ["e"], "weight": np.ones((4, 3, 4, 1), np.int8),
         "stride": [2, 1], "dilation": [1, 2], "padding": 0, "scale": None, "groups": 2},
        {"op": "pixel_sum", "name": "sum", "inputs": ["c"]},
        {"op": "class_scale", "name": "scores", "inputs": ["sum"], "multiplier": np.ones(4, int)},
        {"op": "argmax", "name": "label", "inputs": ["scores"]},
    ])  # fmt: skip
    graph = lower_graph(graph)
    choices = Choices(graph, resources)
    engines = min(conv_cycles(graph, graph["c"], fold) for fold in choices.folds["c"])
    found = fastest(graph, PLENTY)
    assert found.cycles == choices.intervals[0] > engines
    assert timing.simulate(lower(graph, found.folds, found.cycles)).interval == found.cycles
