"""Lowering: streams that fit, ROMs that decode to the graph's numbers, refusals by name."""

from dataclasses import replace

import numpy as np
import pytest
from networks import (
    NETWORKS,
    column_folds,
    least_plan,
    odd_folds,
    random_graph,
    random_images,
    skip_depths,
    wide_folds,
)

from fq_hw import golden, ir
from fq_hw.errors import FoldingError, GraphError
from fq_hw.passes import absorb_signs, clip_thresholds, lower_graph, round_thresholds
from fq_hw.schedule import joins, units
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.joins import branches
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan, Source
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.words import score_constants

FOLDS = {
    "fast": lambda graph: least_lut(graph, 2_000).folds,
    "slow": lambda graph: least_lut(graph, 100_000).folds,
    "one": lambda graph: {n: Fold(pe=1, simd=1) for n in odd_folds(graph)},
    "odd": odd_folds,
    "wide": wide_folds,
    "columns": column_folds,
}


@pytest.fixture(scope="module", params=[(n, f) for n in NETWORKS for f in FOLDS], ids="-".join)
def lowered(request):
    name, fold = request.param
    graph = lower_graph(random_graph(name))
    return graph, lower(graph, FOLDS[fold](graph))


def carrier(plan, tensor):
    """The node whose output stream is ``tensor``."""
    return next(node for node in plan.nodes if node.tensor == tensor)


def test_streams_fit(lowered):
    """Every reader expects what its source gives; a ROM's words are what it streams."""
    graph, plan = lowered
    image = units.Beat(lanes=graph.input.shape[2], bits=8)
    for node in plan.nodes:
        for source, want in zip(node.inputs, node.unit.ins.values(), strict=True):
            from_rom = source.node != Plan.INPUT and plan[source.node] in plan.sources
            got = image if source.node == Plan.INPUT else plan[source.node].unit.o
            assert got.width == want.width, f"{source} to {node.name}"
            if not from_rom:
                assert (got.lanes, got.bits) == (want.lanes, want.bits), f"{source} to {node.name}"
    for rom in plan.sources:
        assert rom.contents.shape == (rom.unit.depth, rom.unit.width)
        assert np.isin(rom.contents, (0, 1)).all()


def waiting_channels(graph, join):
    """Channels of what waits for ``join`` in its second FIFO."""
    fork = branches(graph, join)
    return graph.types[fork.fork if fork.waits_before(1) else join.name].shape[2]


def test_levels_wait_before_a_1x1_convolution_not_its_sums(monkeypatch):
    monkeypatch.setattr(joins, "LARGE", 0)
    graph = lower_graph(random_graph("basic"))
    plan, down = least_plan(graph, 10_000), graph["stages.1.0.down"]
    skip, pick = plan["stages.1.0.skip"], plan[f"{down.name}.pick"]
    assert skip.unit.bits == 2 and skip.inputs == (Source(pick.name),)
    assert pick.unit.size == graph.types[down.name].shape[:2]
    assert plan["stages.1.0"].inputs[1].node.startswith(down.name)


def test_every_tensor_has_its_unit(lowered):
    graph, plan = lowered
    carried = {node.tensor for node in plan.nodes if node.tensor}
    inside = {op.name for op in graph.ops if isinstance(op, ir.Input)}
    assert carried == {op.name for op in graph.ops} - inside
    adds = [op for op in graph.ops if isinstance(op, ir.Add)]
    for op in adds:
        fifo = plan[f"{op.name}.skip"].unit
        beats = waiting_channels(graph, op) // fifo.lanes
        columns = {name: plan[name].unit.group for name in odd_folds(graph)}
        slack = fifo.depth - skip_depths(graph, op, (beats, beats), columns)[1]
        assert slack >= 2 * beats and slack % beats == 0


def test_weights_decode(lowered):
    graph, plan = lowered
    for op in graph.ops:
        if not isinstance(op, ir.Conv):
            continue
        unit = plan[op.name].unit
        words = plan[f"{op.name}.weights"].contents
        words = words.reshape(len(words), unit.pe, unit.simd)
        cout, k, _, cin = op.weight.shape
        index, used = 0, 0
        for first_out in range(0, cout, unit.pe):
            for ky, kx in np.ndindex(k, k):
                for first_in in range(0, cin, unit.simd):
                    weight = op.weight[
                        first_out : first_out + unit.pe, ky, kx, first_in : first_in + unit.simd
                    ]
                    o, i = weight.shape
                    np.testing.assert_array_equal(words[index, :o, :i], weight < 0)
                    assert words[index].sum() == (weight < 0).sum()  # unused lanes are +1
                    index, used = index + 1, used + weight.size
        assert index == len(words)
        assert used == op.weight.size


def test_levels_decode(lowered):
    """Counting the words' levels gives what the op gives, for every sum that can arrive."""
    graph, plan = lowered
    for op in graph.ops:
        if not isinstance(op, ir.Threshold):
            continue
        unit, source = plan[op.name].unit, plan[producer(plan, op.inputs[0])]
        assert unit.slices * unit.lanes == unit.channels, "no lane of a stream is unused"
        words = plan[f"{op.name}.levels"].contents
        lanes = words.reshape(unit.channels, -1)
        bits = lanes[:, :-1].reshape(-1, unit.steps, unit.level_bits).astype(np.int64)
        levels, falling = (bits << np.arange(unit.level_bits)).sum(axis=2), lanes[:, -1] == 1
        raw = np.arange(2**unit.in_bits)
        for channel in range(unit.channels):
            y = (raw[:, None] >= levels[channel]).sum(axis=1)
            y = unit.steps - y if falling[channel] else y
            value = raw + source.offset[channel]
            kind = graph.types[op.inputs[0]]
            can = (value >= kind.low[channel]) & (value <= kind.high[channel])
            assert can.any()
            want = (op.sign[channel] * value[:, None] >= op.levels[channel]).sum(axis=1)
            np.testing.assert_array_equal(y[can], want[can])


def producer(plan, tensor):
    return next(node.name for node in plan.nodes if node.tensor == tensor)


def test_sums_without_their_offset_are_never_negative_and_fit(lowered):
    graph, plan = lowered
    found = golden.run(graph, random_images(graph.input.shape, 10))
    for node in plan.nodes:
        if node.offset is not None:
            raw = found[node.tensor] - node.offset
            assert raw.min() >= 0
            assert raw.max() < 2**node.unit.o.bits
            kind = graph.types[node.tensor]
            assert (kind.low >= node.offset).all()
            assert (kind.high - node.offset).max() < 2**node.unit.o.bits


def test_an_engine_leaves_out_its_offset(lowered):
    """raw = sum of XNORed levels: a where the weight is +1, 3 - a where it is -1, 0 outside too."""
    graph, plan = lowered
    found = golden.run(graph, random_images(graph.input.shape, 3))
    for op in graph.ops:
        if isinstance(op, ir.Conv) and op.taps == 1:
            a = found[op.inputs[0]][:, :: op.stride, :: op.stride, None].astype(int)
            raw = np.where(op.weight[:, 0, 0] > 0, a, 3 - a).sum(axis=-1)
            np.testing.assert_array_equal(raw + carrier(plan, op.name).offset, found[op.name])
    total = plan["tail.sum"]
    _, h, w, _ = found["tail.conv"].shape
    np.testing.assert_array_equal(total.contents, h * w * carrier(plan, "tail.conv").offset)
    ends = found["tail.sum"]
    assert -(2 ** (total.unit.sum_bits - 1)) <= min(ends.min(), total.contents.min())
    assert ends.max() < 2 ** (total.unit.sum_bits - 1)
    scores = plan["tail.scores"]
    assert abs(found["tail.scores"]).max() < 2 ** (scores.unit.score_bits - 1)
    constants = score_constants(scores.unit, plan["tail.scores.constants"].contents)
    op, none = graph["tail.scores"], 0 * graph["tail.scores"].multiplier
    for have, want in zip(constants, (op.multiplier, none, none), strict=True):
        np.testing.assert_array_equal(have, want)


def test_the_same_graph_gives_the_same_plan(lowered):
    graph, plan = lowered
    folds = {
        n.name: Fold(
            pe=n.unit.pe,
            simd=n.unit.simd,
            columns=n.unit.columns,
            rom=plan[f"{n.name}.weights"].unit.rom,
        )
        for n in plan.nodes
        if isinstance(n.unit, units.ConvUnit)
    }
    again = lower(graph, folds)
    for node, other in zip(plan.nodes, again.nodes, strict=True):
        assert (node.name, node.unit, node.inputs) == (other.name, other.unit, other.inputs)
        np.testing.assert_array_equal(node.contents, other.contents)


def test_slack_is_in_pixels():
    graph = lower_graph(random_graph("basic"))
    plans = [least_plan(graph, 10_000, skip_slack=slack) for slack in (0, 1, 5)]
    for node in plans[0].nodes:
        if isinstance(node.unit, units.FifoUnit):
            depths = [plan[node.name].unit.depth for plan in plans]
            join = graph[node.name.removesuffix(".skip")]
            beats = waiting_channels(graph, join) // node.unit.lanes
            assert depths == [depths[0] + slack * beats for slack in (0, 1, 5)]


def test_refuses_levels_that_are_not_integers():
    def real(op):
        levels = getattr(op, "levels", None)
        return op if levels is None else replace(op, levels=levels + 0.5)

    graph = random_graph("basic").map(real)
    with pytest.raises(
        GraphError, match=r"^Threshold 'stem.0.act': levels must be integers .* export`"
    ):
        least_plan(graph, 3_000)


def test_refuses_levels_that_are_not_clipped():
    """An infinite level would lose its upper bits in the ROM."""
    graph = round_thresholds(absorb_signs(random_graph("gains")))
    folds = odd_folds(graph)
    with pytest.raises(GraphError, match=r"^Threshold '[a-z0-9.]+': levels must be clipped"):
        lower(graph, folds)
    lower(clip_thresholds(graph), folds)


def test_refuses_a_graph_without_scores_and_wrong_folds():
    graph = lower_graph(random_graph("basic"))
    folds = odd_folds(graph)
    short = ir.Graph("short", graph.ops[:-2])
    with pytest.raises(GraphError, match=r"^graph 'short': must end in ClassScale and ArgMax"):
        lower(short, folds)
    with pytest.raises(FoldingError, match=r"^folding of 'basic': lacks a fold for convolutions"):
        lower(graph, {})
    with pytest.raises(FoldingError, match=r"^ConvUnit: pe must be in 1..8 \(got 9"):
        lower(graph, folds | {"stem.0.conv": Fold(pe=9, simd=1)})


def test_refuses_sums_as_a_convolutions_input():
    graph = lower_graph(random_graph("basic"))
    ops = [
        replace(op, inputs=("stem.0.conv",)) if op.name == "stem.1.conv" else op
        for op in graph.ops
        if op.name != "stem.0.act"
    ]
    with pytest.raises(GraphError, match=r"^Conv 'stem.1.conv': input must be unsigned levels"):
        ir.Graph("g", tuple(ops))


def test_streams_are_the_same_whatever_the_folds():
    """For the same cycles: only a convolution's own units and the depths of FIFOs differ.

    The embedding is read by the first convolution alone, and its own.
    """
    for name in NETWORKS:
        graph = lower_graph(random_graph(name))
        plans = [
            lower(graph, folds(graph), 3_000) for folds in (odd_folds, wide_folds, column_folds)
        ]
        convs = tuple(op.name for op in graph.ops if isinstance(op, ir.Conv | ir.Embed))
        others = [
            {
                node.name: replace(node.unit, depth=3) if is_fifo(node) else node.unit
                for node in plan.nodes
                if not node.name.startswith(convs) or node.name.endswith(".fork")
            }
            for plan in plans
        ]
        assert len(others[0]) > len(convs)
        assert others[0] == others[1] == others[2]


def is_fifo(node):
    return isinstance(node.unit, units.FifoUnit)


def few(*ops):
    """A graph without a convolution that ends in scores of 3 channels."""
    table = np.arange(768).reshape(1, 256, 3) % 4
    image = ir.Input(name="x", shape=(2, 3, 1))
    embed = ir.Embed(name="e", inputs=("x",), table=table, out_bits=2)
    last = ops[-1].name if ops else "e"
    scores = ir.ClassScale(name="s", inputs=(last,), multiplier=np.array([1, 2, 3]))
    return ir.Graph("few", (image, embed, *ops, scores, ir.ArgMax(name="m", inputs=("s",))))


def test_a_graph_without_a_convolution():
    plan = lower(few(ir.PixelSum(name="p", inputs=("e",))), {})
    assert simulate(plan).interval >= plan.interval_bound > 0


def test_only_scores_read_a_sum_over_all_pixels():
    """It is signed, and no other unit knows that."""
    levels = np.arange(9).reshape(3, 3)
    total = ir.PixelSum(name="p", inputs=("e",))
    act = ir.Threshold(name="t", inputs=("p",), levels=levels, sign=np.ones(3, int), out_bits=2)
    with pytest.raises(GraphError, match=r"^Threshold 't': reads 'p', a sum over all pixels"):
        lower(few(total, act, ir.PixelSum(name="q", inputs=("t",))), {})


def test_scores_of_one_pixel_need_no_sum():
    plan = lower(few(ir.SumPool(name="p", inputs=("e",), kernel=(2, 3))), {})
    assert plan["s"].unit.raw and not any(
        isinstance(n.unit, units.PixelSumUnit) for n in plan.nodes
    )


def test_roms_lie_in_logic_where_the_folding_says():
    graph = lower_graph(random_graph("basic"))
    found = least_lut(graph, 10_000)
    names = {"stages.0.1.acts.1.levels", "tail.scores.constants"}
    plan = lower(graph, found.folds, found.cycles, logic=names)
    places = {n.name for n in plan.nodes if getattr(n.unit, "rom", None) is units.Rom.LOGIC}
    assert places == names
    with pytest.raises(
        FoldingError, match=r"^folding of 'basic': .* no ROM of it \(got \['x'\]\)$"
    ):
        lower(graph, found.folds, found.cycles, logic=("x",))
