"""Skip FIFOs: what a pixel needs, counted over windows one by one; the depth from that."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from classic import classic_graph
from networks import NETWORKS, column_folds, odd_folds, random_graph

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.lower import lower
from fq_hw.schedule.skip import needed_pixels, skip_depth, slack_pixels
from fq_hw.schedule.units import FifoUnit


def walk(graph, name, back_to):
    """How many pixels of ``back_to`` have passed when each pixel of ``name`` can be made.

    A stage makes its pixels in raster order, each once all pixels that its window reads are there.
    """
    h, w, _ = graph.types[name].shape
    if name == back_to:
        return {(y, x): y * w + x + 1 for y in range(h) for x in range(w)}
    op = graph[name]
    before = walk(graph, op.inputs[0], back_to)
    if not isinstance(op, ir.Conv):
        return before
    needed, so_far = {}, 0
    for y, x in itertools.product(range(h), range(w)):
        for ky, kx in itertools.product(range(op.kernel), repeat=2):
            place = (y * op.stride + ky - op.padding, x * op.stride + kx - op.padding)
            so_far = max(so_far, before.get(place, 0))
        needed[y, x] = so_far
    return needed


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
    return ir.Threshold(name=name, inputs=(source,), levels=levels, sign=sign, out_bits=2)


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
    assert skip_depth(graph, graph["r"], 1) == depth - 1
    assert skip_depth(graph, graph["r"], 5) == 5 * depth - 1


def test_a_wide_image_of_many_rows_has_the_closed_form():
    ops = [image(9, 7), conv("stem", "x"), act("a", "stem"), conv("b", "a")]
    ops += [act("c", "b"), conv("d", "c"), ir.Add(name="r", inputs=("d", "stem"))]
    graph = ir.Graph("g", tuple(ops))
    assert skip_depth(graph, graph["r"], 1) == 2 * 7 + 3 - 1


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 7), (2, 8), (1, 1), (4, 3)])
def test_downsample_block(height, width):
    ops = [image(height, width), conv("stem", "x"), act("a", "stem")]
    ops += [conv("down", "a", kernel=1, stride=2), conv("b", "a", stride=2), act("c", "b")]
    graph = ir.Graph("g", (*ops, conv("d", "c"), ir.Add(name="r", inputs=("d", "down"))))
    seen, made = (list(walk(graph, name, "a").values()) for name in ("d", "down"))
    depth = max(sum(m <= s for m in made) - index for index, s in enumerate(seen))
    assert skip_depth(graph, graph["r"], 1) == depth - 1


def test_refuses_a_skip_on_the_first_input():
    """Its FIFO would stand on the branch, and the fork would stop for ever."""
    ops = [image(4, 4), conv("stem", "x"), act("a", "stem"), conv("b", "a")]
    graph = ir.Graph("g", (*ops, ir.Add(name="r", inputs=("stem", "b"))))
    with pytest.raises(GraphError, match=r"^Add 'r': its second input must be the one that comes"):
        skip_depth(graph, graph["r"], 1)


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
