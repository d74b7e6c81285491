"""Graphs are checked when made; plain nodes give the same graph back."""

import dataclasses

import numpy as np
import pytest
from networks import NETWORKS, random_graph

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.ir import ops
from fq_hw.ir.graph import KINDS
from fq_hw.ir.text import to_text


def image(name="x", shape=(4, 4, 2)):
    return ir.Input(name=name, shape=shape)


def conv(name, source, cin=2, cout=2, kernel=1, scale=0.5, **more):
    weight = np.ones((cout, kernel, kernel, cin), np.int8)
    fields = {"stride": 1, "padding": kernel // 2, "scale": scale} | more
    return ir.Conv(name=name, inputs=(source,), weight=weight, **fields)


def act(name, source, channels=2):
    levels, sign = np.tile([0.0, 1.0, 2.0], (channels, 1)), np.ones(channels, np.int8)
    return ir.Threshold(name=name, inputs=(source,), levels=levels, sign=sign, out_bits=2)


def add(name, *sources):
    return ir.Add(name=name, inputs=sources)


def refusal(*chain):
    with pytest.raises(GraphError) as caught:
        ir.Graph("g", chain)
    return str(caught.value)


def test_a_good_graph():
    graph = ir.Graph("g", (image(), conv("a", "x"), conv("b", "x"), add("c", "a", "b")))
    assert [op.name for op in graph.users["x"]] == ["a", "b"]
    assert graph.users["c"] == ()
    assert graph["b"] is graph.ops[2]
    assert graph.input is graph.ops[0]
    with pytest.raises(GraphError, match=r"^graph 'g': has no op 'd'"):
        graph["d"]


def test_an_op_that_reads_twice_counts_twice():
    graph = ir.Graph("g", (image(), conv("a", "x"), add("b", "a", "a")))
    assert [op.name for op in graph.users["a"]] == ["b", "b"]


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ((), "graph 'g': must begin with an Input"),
        ((conv("a", "x"),), "graph 'g': must begin with an Input"),
        ((image(), image("y")), "graph 'g': must have one Input"),
        ((image(), conv("a", "z")), "Conv 'a': inputs must come before it (got ['z'])"),
        ((image(), conv("a", "a")), "Conv 'a': inputs must come before it (got ['a'])"),
        ((image(), conv("x", "x")), "Conv 'x': needs a name of its own (got 'x')"),
        (
            (image(), conv("a", "x"), conv("b", "x")),
            "graph 'g': every op but the last must be used (got ['a'])",
        ),
        ((image(), conv("a", "x"), add("b", "a")), "Add 'b': needs 2 inputs (got ('a',))"),
        ((image(), add("b")), "graph 'g': every op but the last must be used"),
        (
            (image(), dataclasses.replace(conv("a", "x"), inputs=("x", "x"))),
            "Conv 'a': needs 1 inputs",
        ),
    ],
)
def test_refuses(chain, message):
    assert refusal(*chain).startswith(message)


@pytest.mark.parametrize("name", ["../../victim", "a/b", "", ".x", "a\nb", "x" * 101, None, 7])
def test_refuses_a_name_that_is_no_file_name(name):
    with pytest.raises(GraphError, match=r"^graph .*: the name must have 1 to 100 letters"):
        ir.Graph(name, (image(),))


@pytest.mark.parametrize("name", ["", "a\nfq-hw: error: b", "\x1b[31m", "x" * 201])
def test_refuses_a_node_whose_name_is_no_line(name):
    with pytest.raises(GraphError, match=r"^Input .*: the name must be one line") as caught:
        ir.Graph("g", (image(name),))
    assert str(caught.value).isprintable()


def test_refuses_more_ops_than_can_be():
    with pytest.raises(GraphError, match=r"^graph 'g': must have at most 4096 ops \(got 4097\)"):
        ir.Graph("g", (image(),) * 4097)


def test_channels_that_double_and_double():
    """Refused before they are allocated."""
    ops = [image()]
    for index in range(60):
        ops.append(ir.Concat(name=f"c{index}", inputs=(ops[-1].name,) * 2))
    with pytest.raises(GraphError, match=r"^Concat 'c19': must give at most 1,048,576 channels"):
        ir.Graph("g", tuple(ops))


def test_map_makes_a_new_graph():
    graph = random_graph("basic")
    same = graph.map(lambda op: op)
    assert same is not graph
    assert same.ops == graph.ops


@pytest.mark.parametrize("name", NETWORKS)
def test_nodes_give_the_same_graph(name):
    graph = random_graph(name)
    again = ir.Graph.from_nodes(graph.name, graph.nodes())
    assert to_text(again) == to_text(graph)
    for op, other in zip(graph.ops, again.ops, strict=True):
        assert type(op) is type(other)
        for field in dataclasses.fields(op):
            np.testing.assert_array_equal(getattr(op, field.name), getattr(other, field.name))


def test_every_op_has_a_kind_of_its_own():
    assert sorted(kind.__name__ for kind in KINDS.values()) == sorted(set(ops.__all__) - {"Op"})
    assert {"pixel_sum", "class_scale", "argmax", "conv"} <= set(KINDS)


def node(kind, **changes):
    """A node of ``kind`` from a real graph, changed; None removes a field."""
    found = next(n for n in random_graph("basic").nodes() if n["op"] == kind)
    return {k: v for k, v in (found | changes).items() if v is not None or k == "scale"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (node("conv", op="pool"), "op 'stem.0.conv': kind must be one of add, argmax, "),
        (node("conv", op=None), "op 'stem.0.conv': kind must be one of"),
        (node("conv", stride=None), "op 'stem.0.conv': lacks the keys stride"),
        (node("conv", dilated=2), "op 'stem.0.conv': the keys are"),
        (node("conv", stride="2"), "op 'stem.0.conv'.stride: must be an integer (got '2')"),
        (node("conv", stride=1.0), "op 'stem.0.conv'.stride: must be an integer (got 1.0)"),
        (node("conv", padding=True), "op 'stem.0.conv'.padding: must be an integer (got True)"),
        (node("conv", scale="1"), "op 'stem.0.conv'.scale: must be a number (got '1')"),
        (node("conv", weight=[1]), "op 'stem.0.conv'.weight: must be an array (got [1])"),
        (node("conv", inputs="embedding"), "op 'stem.0.conv'.inputs: must be a list"),
        (node("conv", inputs=[7]), "op 'stem.0.conv'.inputs[0]: must be a string (got 7)"),
        (node("conv", name=7), "op 7.name: must be a string (got 7)"),
        (node("input", shape=[4, 4]), "op 'pixels'.shape: must have 3 entries"),
    ],
)
def test_from_nodes_refuses(changed, message):
    with pytest.raises(GraphError) as caught:
        ir.Graph.from_nodes("g", [changed])
    assert str(caught.value).startswith(message)
