"""Skip FIFOs: what a pixel needs, counted over windows one by one; the depth from that."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from classic import classic_graph
from networks import NETWORKS, column_folds, odd_folds, random_graph, skip_depths

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.passes import lower_graph
from fq_hw.schedule import joins, timing
from fq_hw.schedule.joins import branches, times
from fq_hw.schedule.lower import lower
from fq_hw.schedule.skip import slack_pixels
from fq_hw.schedule.units import FifoUnit, PickUnit


def walk(graph, name, back_to):
    """How many pixels of ``back_to`` have passed when each pixel of ``name`` can be made.

    A stage makes its pixels in raster order, each once all pixels that its window reads are there.
    """
    h, w, _ = graph.types[name].shape
    if name == back_to:
        return {(y, x): y * w + x + 1 for y in range(h) for x in range(w)}
    op = graph[name]
    before = [walk(graph, source, back_to) for source in op.inputs]
    needed, so_far = {}, 0
    for y, x in itertools.product(range(h), range(w)):
        for source in before:
            so_far = max(so_far, *(source.get(place, 0) for place in reads(op, source, y, x)))
        needed[y, x] = so_far
    return needed


def reads(op, source, y, x):
    """The pixels of ``source`` of which the pixel at row y, column x is made."""
    if isinstance(op, ir.Conv | ir.MaxPool | ir.SumPool):
        down, across = op.axes
        taps = itertools.product(range(down.kernel), range(across.kernel))
        return [
            (
                y * down.stride + ky * down.dilation - down.before,
                x * across.stride + kx * across.dilation - across.before,
            )
            for ky, kx in taps
        ]
    return list(source) if isinstance(op, ir.Flatten | ir.PixelSum) else [(y, x)]


def needed_pixels(graph, name, back_to):
    """The same, by ``times``."""
    return (times(graph, name, back_to)[name].last // 2).reshape(-1)


def second_depth(graph, join, beats=1):
    """The depth of a FIFO that stands on the second input alone."""
    first, second = skip_depths(graph, join, (beats, beats))
    assert first is None
    return second


def adds(graph):
    return [op for op in graph.ops if isinstance(op, ir.Add)]


def forks(graph, add):
    """Where the two inputs of ``add`` part: the last op that has both after it."""
    if isinstance(graph[add.inputs[1]], ir.Conv):
        return graph[add.inputs[1]].inputs[0]
    return add.inputs[1]


@pytest.mark.parametrize("name", NETWORKS)
def test_needed_pixels(name):
    graph = random_graph(name)
    for add in adds(graph):
        fork = forks(graph, add)
        for source in add.inputs:
            want = list(walk(graph, source, fork).values())
            assert needed_pixels(graph, source, fork).tolist() == want
    tail = needed_pixels(graph, "tail.act", "pixels").tolist()
    assert tail == list(walk(graph, "tail.act", "pixels").values())


def image(height, width, channels=1):
    return ir.Input(name="x", shape=(height, width, channels))


def conv(name, source, kernel=3, stride=1, scale=1.0):
    weight = np.ones((1, kernel, kernel, 1), np.int8)
    padding = kernel // 2
    return ir.Conv(
        name=name, inputs=(source,), weight=weight, stride=stride, padding=padding, scale=scale
    )


def act(name, source):
    levels, sign = np.array([[1, 2, 3]]), np.array([1])
    return ir.Threshold(
        name=name, inputs=(source,), levels=levels, sign=sign, out_bits=2, scale=1.0
    )


@pytest.mark.parametrize("height", range(1, 6))
@pytest.mark.parametrize("width", range(1, 7))
def test_identity_block_of_any_size(height, width):
    """The last rows are special: what lies below the image is not waited for."""
    ops = [image(height, width), conv("stem", "x"), act("a", "stem"), conv("b", "a")]
    ops += [act("c", "b"), conv("d", "c"), ir.Add(name="r", inputs=("d", "stem"))]
    graph = ir.Graph("g", tuple(ops))
    needed = list(walk(graph, "d", "stem").values())
    assert needed_pixels(graph, "d", "stem").tolist() == needed
    depth = max(pixels - index for index, pixels in enumerate(needed))
    assert second_depth(graph, graph["r"]) == depth - 1
    assert second_depth(graph, graph["r"], 5) == 5 * depth - 1


def test_a_wide_image_of_many_rows_has_the_closed_form():
    ops = [image(9, 7), conv("stem", "x"), act("a", "stem"), conv("b", "a")]
    ops += [act("c", "b"), conv("d", "c"), ir.Add(name="r", inputs=("d", "stem"))]
    graph = ir.Graph("g", tuple(ops))
    assert second_depth(graph, graph["r"]) == 2 * 7 + 3 - 1


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 7), (2, 8), (1, 1), (4, 3)])
def test_downsample_block(height, width):
    ops = [image(height, width), conv("stem", "x"), act("a", "stem")]
    ops += [conv("down", "a", kernel=1, stride=2), conv("b", "a", stride=2), act("c", "b")]
    graph = ir.Graph("g", (*ops, conv("d", "c"), ir.Add(name="r", inputs=("d", "down"))))
    seen, made = (list(walk(graph, name, "a").values()) for name in ("d", "down"))
    depth = max(sum(m <= s for m in made) - index for index, s in enumerate(seen))
    assert second_depth(graph, graph["r"]) == depth - 1


def stem(*more, height=4, width=4):
    return ir.Graph("g", (image(height, width), conv("stem", "x"), act("a", "stem"), *more))


def add(*inputs):
    return ir.Add(name="r", inputs=inputs)


def test_the_first_input_may_come_first():
    """Then its FIFO is the only one, and as deep as it would be on the other side."""
    graphs = [stem(conv("b", "a"), add(*inputs)) for inputs in (("b", "stem"), ("stem", "b"))]
    (none, depth), mirrored = (skip_depths(g, g["r"], (3, 3)) for g in graphs)
    assert none is None and mirrored == (depth, None) and depth == 3 * (4 + 2) - 1


def test_which_input_waits_depends_on_the_pixels_made_at_once():
    """Of two and three at once neither is always the later: both wait."""
    graph = stem(conv("b", "a"), conv("c", "a"), add("b", "c"), width=6)
    waits = {
        (1, 1): (False, True), (2, 1): (False, True), (1, 2): (True, False),
        (2, 2): (False, True), (2, 3): (True, True), (6, 3): (False, True),
    }  # fmt: skip
    for (b, c), want in waits.items():
        depths = skip_depths(graph, graph["r"], (1, 1), {"b": b, "c": c})
        assert tuple(depth is not None for depth in depths) == want
    made = [times(graph, name, "a", {name: (n,)})[name].last for name, n in (("b", 2), ("c", 3))]
    assert (made[0] // 2)[0].tolist() == [9, 9, 11, 11, 12, 12]
    assert (made[1] // 2)[0].tolist() == [10, 10, 10, 12, 12, 12]


def test_who_needs_a_whole_pixel_is_later_than_who_lets_beats_pass():
    """A level needs one beat of the fork, a 1x1 convolution all of the pixel."""
    for inputs, want in {("b", "a"): (None, 4), ("a", "b"): (4, None)}.items():
        graph = stem(conv("b", "a", kernel=1), add(*inputs))
        assert skip_depths(graph, graph["r"], (5, 5)) == want


def test_beats_that_pass_side_by_side_need_one_fifo():
    """Neither x + x nor x + level(x) waits for more than a register's time."""
    for inputs in (("stem", "stem"), ("a", "stem"), ("stem", "a")):
        graph = (
            stem(add(*inputs))
            if "a" in inputs
            else ir.Graph("g", (image(4, 4), conv("stem", "x"), add(*inputs)))
        )
        assert skip_depths(graph, graph["r"], (5, 5)) == (None, 4)


def test_the_fork_is_the_last_tensor_that_all_has_come_through():
    ops = conv("b", "a"), conv("c", "a"), add("b", "c"), act("d", "r"), conv("e", "d")
    graph = stem(*ops, ir.Add(name="s", inputs=("e", "stem")))
    assert branches(graph, graph["r"]).fork == "a" and branches(graph, graph["r"]).closed
    outer = branches(graph, graph["s"])
    assert outer.fork == "stem" and outer.closed
    assert [op.name for op in outer.sides[0]] == ["a", "b", "c", "r", "d", "e"]
    assert [op.name for op in outer.path(0)] == ["a", "b", "r", "d", "e"]
    assert second_depth(graph, graph["s"]) == 16 - 4 - 1 - 1


def test_a_reader_outside_leaves_no_input_without_a_fifo():
    """It may wait for the other branch while this one waits for it."""
    ops = conv("b", "a"), act("c", "b"), conv("d", "c"), add("d", "a")
    graph = stem(*ops, ir.Add(name="s", inputs=("r", "c")))
    assert not branches(graph, graph["r"]).closed
    assert None not in skip_depths(graph, graph["r"], (1, 1))


def test_slack_counts_what_is_under_way():
    """A pixel every 10 cycles: 21 cycles of registers hold three, groups what they hold."""
    assert slack_pixels(0, 0, 100, 1_000) == 3
    assert slack_pixels(5, 20, 100, 1_000) == 3 + 5 + 2
    assert slack_pixels(5, 21, 100, 1_000) == 3 + 5 + 3


@pytest.mark.parametrize("name", ["residual", "inception"])
@pytest.mark.parametrize("folds", [odd_folds, column_folds], ids=lambda f: f.__name__)
def test_the_least_depth_is_enough_for_planes_pools_and_concatenations(name, folds):
    """And a beat less is not, where a sum waits; a concatenation has a few beats to spare."""
    graph = lower_graph(classic_graph(name))
    plan = lower(graph, folds(graph), skip_slack=0)
    assert timing.simulate(plan).interval > 0
    waits = next(n for n in plan.nodes if isinstance(n.unit, FifoUnit) and n.unit.depth > 3)
    less = 1 if name == "residual" else 3 * graph.types["stem.act"].shape[2]
    short = replace(waits, unit=replace(waits.unit, depth=waits.unit.depth - less))
    nodes = tuple(short if node is waits else node for node in plan.nodes)
    with pytest.raises(GraphError, match="a skip FIFO is too shallow"):
        timing.simulate(replace(plan, nodes=nodes))


@pytest.mark.parametrize("name", ["basic", "bottleneck"])
@pytest.mark.parametrize("folds", [odd_folds, column_folds], ids=lambda f: f.__name__)
def test_the_least_depth_is_enough_before_a_convolution(name, folds, monkeypatch):
    monkeypatch.setattr(joins, "LARGE", 0)
    graph = lower_graph(random_graph(name))
    plan = lower(graph, folds(graph), skip_slack=0)
    assert [node.name for node in plan.nodes if isinstance(node.unit, PickUnit)]
    assert timing.simulate(plan).interval > 0  # and the window of a small image would do, too
