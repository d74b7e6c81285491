"""Every pass keeps what it promises, changes nothing of its argument, and is done after once."""

from dataclasses import replace

import numpy as np
import pytest
from networks import NETWORKS, random_checkpoint, random_graph, random_images

from fq_hw import golden, ir, passes
from fq_hw.errors import GraphError
from fq_hw.export import export
from fq_hw.ir.text import to_text
from fq_hw.passes import (
    PIPELINE,
    absorb_signs,
    check_lowered,
    classifiers,
    clip_thresholds,
    lower_graph,
    narrow_tables,
    round_thresholds,
    sum_first,
)


def snapshot(graph):
    """Everything that a graph holds, copied."""
    return [
        {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in vars(op).items()}
        for op in graph.ops
    ]


def same(one, two):
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def before(step, name):
    """What ``step`` meets in the pipeline."""
    graph = random_graph(name)
    for earlier in PIPELINE[: PIPELINE.index(step)]:
        graph = earlier(graph)
    return graph


def test_order():
    names = [step.__name__ for step in PIPELINE]
    assert names == [
        "absorb_order", "merge_padding", "absorb_signs", "round_thresholds", "narrow_tables",
        "clip_thresholds",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_lower_graph_is_the_pipeline(name):
    graph = random_graph(name)
    last = clip_thresholds(narrow_tables(round_thresholds(absorb_signs(graph))))
    same(snapshot(lower_graph(graph)), snapshot(last))
    assert passes.lower_graph is lower_graph


@pytest.mark.parametrize("step", PIPELINE, ids=lambda step: step.__name__)
@pytest.mark.parametrize("name", NETWORKS)
def test_keeps_its_promise(step, name):
    graph = before(step, name)
    held = snapshot(graph)
    after = step(graph)
    same(snapshot(graph), held)
    same(snapshot(step(after)), snapshot(after))
    images = random_images(graph.input.shape, 20)
    want, got = golden.run(graph, images), golden.run(after, images)
    assert list(want) == list(got)
    for op in after.ops:
        tensor = got[op.name]
        if step is absorb_signs and isinstance(op, ir.Conv):  # the one thing that it changes
            tensor = tensor * (op.weight[:, 0, 0, 0] * graph[op.name].weight[:, 0, 0, 0])
            if len(graph.users[op.name]) > 1 or not reads(graph, op):
                np.testing.assert_array_equal(op.weight, graph[op.name].weight)
        np.testing.assert_array_equal(tensor, want[op.name], err_msg=op.name)


def reads(graph, op):
    """Whether a threshold reads ``op``."""
    return any(isinstance(user, ir.Threshold) for user in graph.users[op.name])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_pipeline_is_done_after_once(name):
    graph = lower_graph(random_graph(name))
    assert to_text(lower_graph(graph)) == to_text(graph)
    same(snapshot(lower_graph(graph)), snapshot(graph))


def small(signs=(1, -1), users=1, levels=((0.5, 1, 1.5), (-np.inf, 3.25, np.inf))):
    """Two channels: input, table, convolution, ``users`` thresholds, their sum as convolutions."""
    table = (np.arange(512).reshape(1, 256, 2) % 4).astype(np.uint8)
    weight = np.array([[1, -1], [1, 1]], np.int8).reshape(2, 1, 1, 2)
    ops = [
        ir.Input(name="x", shape=(3, 3, 1)),
        ir.Embed(name="e", inputs=("x",), table=table, out_bits=2),
        ir.Conv(name="c", inputs=("e",), weight=weight, stride=1, padding=0, scale=1.0),
    ]
    for n in range(users):
        ops += [
            ir.Threshold(
                name=f"t{n}",
                inputs=("c",),
                levels=np.array(levels),
                sign=np.array(signs, np.int8),
                out_bits=2,
            ),
            ir.Conv(name=f"d{n}", inputs=(f"t{n}",), weight=weight, stride=1, padding=0, scale=1.0),
        ]
    if users == 2:
        ops.append(ir.Add(name="a", inputs=("d0", "d1")))
    return ir.Graph("small", tuple(ops))


def test_absorb_signs_negates_the_falling_channels_weights():
    graph = absorb_signs(small())
    assert graph["c"].weight.reshape(2, 2).tolist() == [[1, -1], [-1, -1]]
    assert graph["c"].weight.dtype == np.int8
    assert graph["t0"].sign.tolist() == [1, 1]
    np.testing.assert_array_equal(graph["t0"].levels, small()["t0"].levels)


@pytest.mark.parametrize(("kind", "lowest"), [("i1", -(2**7)), ("i2", -(2**15)), ("u1", 200)])
def test_absorb_signs_does_not_wrap(kind, lowest):
    """The negative of the lowest int8 is no int8."""
    image = ir.Input(name="x", shape=(2, 2, 1))
    weight = np.full((1, 1, 1, 1), lowest, kind)
    conv = ir.Conv(name="c", inputs=("x",), weight=weight, stride=1, padding=0, scale=None)
    levels, sign = np.array([[-9, 0, 300]]), np.array([-1])
    act = ir.Threshold(name="t", inputs=("c",), levels=levels, sign=sign, out_bits=2)
    graph = ir.Graph("g", (image, conv, act))
    assert absorb_signs(graph)["c"].weight.reshape(-1).tolist() == [-lowest]
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 2, 2, 1)
    want, found = (golden.run(g, pixels)["t"] for g in (graph, lower_graph(graph)))
    np.testing.assert_array_equal(found, want)


def test_check_lowered():
    graph = small()
    check_lowered(lower_graph(graph))
    with pytest.raises(GraphError, match=r"^Threshold 't0': levels must be integers .*`fq-hw exp"):
        check_lowered(graph)
    with pytest.raises(GraphError, match=r"^Threshold 't0': levels must be clipped to what its "):
        check_lowered(round_thresholds(graph))


def test_absorb_signs_negates_all_weights_where_every_channel_falls():
    graph = absorb_signs(small(signs=(-1, -1)))
    assert graph["c"].weight.reshape(2, 2).tolist() == [[-1, 1], [-1, -1]]
    assert graph["t0"].sign.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("weights", "kind"),
    [((-127, 127), np.int8), ((-128, 1), np.int16), ((-32768, 1), np.int32)],
)
def test_absorb_signs_makes_room_for_a_weight_whose_opposite_has_none(weights, kind):
    weight = np.array([weights, (1, 1)]).reshape(2, 1, 1, 2)
    weight = weight.astype(np.min_scalar_type(min(weights)))
    graph = small(signs=(-1, 1)).map(
        lambda op: replace(op, weight=weight) if op.name == "c" else op
    )
    found = absorb_signs(graph)["c"].weight
    assert found.dtype == kind
    assert found.reshape(2, 2).tolist() == [[-n for n in weights], [1, 1]]


def test_absorb_signs_leaves_a_convolution_with_two_users():
    graph = absorb_signs(small(users=2))
    assert graph["c"].weight.reshape(2, 2).tolist() == [[1, -1], [1, 1]]
    assert graph["t1"].sign.tolist() == [1, -1]


def test_absorb_signs_leaves_the_trunk():
    """A threshold that reads a sum has no weights of its own."""
    before_it, graph = random_graph("gains"), absorb_signs(random_graph("gains"))
    trunk = [op for op in graph.ops if isinstance(op, ir.Threshold)]
    trunk = [op for op in trunk if isinstance(graph[op.inputs[0]], ir.Add)]
    assert trunk
    for op in trunk:
        assert (op.sign == -1).any()
        np.testing.assert_array_equal(op.sign, before_it[op.name].sign)


def test_round_thresholds():
    levels = ((-2.5, -2.0, 1e-12), (-np.inf, 3.25, np.inf))
    found = round_thresholds(small(levels=levels))["t0"].levels
    assert found.dtype == np.int64
    assert found[0].tolist() == [-2, -2, 1]
    assert found[1, 1] == 4
    assert found[1, 0] < -(10**15)
    assert found[1, 2] > 10**15


def test_clip_thresholds():
    """Levels are 0, 2 and 1, 3: channel 0 is in -3..1, channel 1 in 1..5; a sign turns that."""
    levels = ((-9, 2, 40), (-40, -6, 4))
    found = clip_thresholds(small(levels=levels))["t0"].levels
    assert found.tolist() == [[-3, 2, 2], [-5, -5, 0]]
    found = clip_thresholds(small(levels=levels, signs=(-1, 1)))["t0"].levels
    assert found.tolist() == [[-1, 2, 4], [1, 1, 4]]


def test_clipped_levels_are_reachable_or_one_beyond():
    for name in NETWORKS:
        graph = lower_graph(random_graph(name))
        for op in graph.ops:
            if isinstance(op, ir.Threshold):
                x = graph.types[op.inputs[0]]
                ends = np.sort(np.stack([x.low * op.sign, x.high * op.sign]), axis=0)
                assert (op.levels >= ends[0][:, None]).all()
                assert (op.levels <= ends[1][:, None] + 1).all()


def many_classes(classes: int):
    """A lowered graph with so many classes, and its classifier."""
    exported = export(random_checkpoint(replace(NETWORKS["basic"], classes=classes), 1))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    return graph, graph["tail.conv"]


def test_sum_first_keeps_every_tensor_but_the_classifiers():
    graph, conv = many_classes(40)
    moved, images = sum_first(graph), random_images(graph.input.shape, 10)
    assert classifiers(graph) == {"tail.conv": "tail.sum"}
    before, after = golden.run(graph, images), golden.run(moved, images)
    assert set(after) - set(before) == {"tail.conv.pixels"}
    for name in set(before) - {"tail.conv"}:
        np.testing.assert_array_equal(before[name], after[name])
    np.testing.assert_array_equal(after["tail.conv"], before["tail.sum"])
    assert moved.types["tail.conv"].shape == (1, 1, 40)
    same(snapshot(sum_first(moved)), snapshot(moved))


def test_sum_first_leaves_what_is_apart_what_saves_nothing_and_what_is_no_classifier():
    graph, conv = many_classes(40)
    spread = np.zeros((40, 3, 3, conv.weight.shape[3]), conv.weight.dtype) + 1
    for other in (replace(conv, weight=spread, padding=1), replace(conv, stride=2)):
        changed = graph.map(lambda op, new=other: new if op.name == new.name else op)
        assert not classifiers(changed)
    assert not classifiers(graph, {"tail.conv"})
    same(snapshot(sum_first(graph, {"tail.conv"})), snapshot(graph))
    few, _ = many_classes(10)
    assert not classifiers(few)
