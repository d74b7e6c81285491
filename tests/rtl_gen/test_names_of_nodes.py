"""Names of nodes in the accelerator: plain identifiers that differ, whatever a file calls them."""

import re
from dataclasses import replace

import pytest
from networks import odd_folds, random_graph

from fq_hw.errors import GraphError
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph
from fq_hw.schedule.lower import lower
from rtl_gen.emit import to_rtlil
from rtl_gen.top import Accelerator, identifiers

HOSTILE = ("x; endmodule module evil(", 'a`include "/etc/passwd"', "é", "\\ ", "module", "$x", "1")


def renamed(names) -> Graph:
    """A graph whose ops have the names that ``names`` gives for their own."""
    graph = lower_graph(random_graph("flat"))
    called = {op.name: names(index, op.name) for index, op in enumerate(graph.ops)}
    ops = (
        replace(op, name=called[op.name], inputs=tuple(called[name] for name in op.inputs))
        for op in graph.ops
    )
    return Graph(graph.name, tuple(ops))


def test_identifiers_differ_and_are_plain():
    names = ["a.b", "a_b", "a b", "a_b_2", "é", "_", "1"]
    found = identifiers(names)
    assert list(found) == names and len(set(found.values())) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", word) for word in found.values())
    assert found["a.b"] == "a_b"


def test_hostile_names_become_no_code_and_no_clash():
    """Some differ by punctuation alone."""
    graph = renamed(lambda index, name: HOSTILE[index % 7] + "._"[index % 2] * (1 + index // 2))
    text = to_rtlil(Accelerator(lower(graph, odd_folds(graph))), "accelerator")
    assert "evil(" not in text and 'passwd"' not in text and text.isascii()


@pytest.mark.parametrize("taken", ["stem.0.conv.weights", "stem.0.conv.window", "pixels"])
def test_a_name_that_a_unit_has_already_is_refused(taken):
    old = "tail.sum" if taken != "pixels" else "stem.0.conv"
    first = lambda name: "image" if name == "pixels" else name  # noqa: E731
    graph = renamed(lambda index, name: taken if name == old else first(name))
    with pytest.raises(GraphError, match="needs a name of its own; rename the layer"):
        lower(graph, odd_folds(graph))
