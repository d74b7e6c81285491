"""Where a stage may begin and end, and what an array can be."""

from __future__ import annotations

import pytest
from networks import random_graph

from fq_hw.errors import FoldingError, GraphError
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import InTurn, inside, one_stage, partition, places

GRAPH = lower_graph(random_graph("flat"))
FIRST, SECOND = "stages.0.0", "stages.0.1"


def stage(after: str, until: str) -> InTurn:
    return InTurn(after=after, until=until, array=Array())


def test_a_stage_holds_what_lies_between():
    names = [op.name for op in inside(GRAPH, stage(FIRST, SECOND))]
    assert names[-1] == SECOND and FIRST not in names
    assert all(name.startswith(SECOND) for name in names)


def test_the_one_stage_holds_all_convolutions():
    after, until = one_stage(GRAPH)
    assert (after, until) == ("embedding", "tail.conv")
    firsts, lasts = places(GRAPH)
    assert after in firsts and until in lasts


def test_ops_outside_all_stages_stream():
    found = partition(GRAPH, (stage("stem.0.conv", FIRST), stage(FIRST, SECOND)))
    assert {op.name for op in GRAPH.ops} - set(found) == {
        "pixels", "embedding", "stem.0.conv", "tail.act", "tail.conv", "tail.sum", "tail.scores",
        "tail.label",
    }  # fmt: skip
    assert found[FIRST] != found[SECOND]


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([("nowhere", SECOND)], "must begin behind levels or sums that nothing goes around: embed"),
        ([("pixels", SECOND)], "must begin behind levels or sums that nothing goes around: embed"),
        ([("embedding", "stages.0.0.acts.1")], "must end with levels or sums that nothing goes ar"),
        ([(SECOND, FIRST)], "must have layers between them, in this order"),
        ([(FIRST, FIRST)], "must have layers between them, in this order"),
        ([("embedding", FIRST), ("stem.0.conv", SECOND)], "must hold no layer of another stage"),
    ],
)
def test_refuses_stages_that_cannot_be(stages, said):
    after, until = stages[-1]
    with pytest.raises(GraphError, match=f"^stage from '{after}' to '{until}': {said}"):
        partition(GRAPH, [stage(*one) for one in stages])


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"columns": 6}, r"columns must be a power of two in 2\.\.256 \(got 6\)"),
        ({"columns": 1}, r"columns must be a power of two in 2\.\.256 \(got 1\)"),
        ({"depth": 100}, r"depth must be a power of two in 2\.\.32,768 \(got 100\)"),
        ({"pe": 3}, r"pe must divide simd=16 \(got 3\)"),
        ({"pe": 0}, r"pe must divide simd=16 \(got 0\)"),
        ({"simd": 2048}, r"simd must be at most 1,024 \(got 2048\)"),
    ],
)
def test_refuses_arrays_that_cannot_be(sizes, said):
    with pytest.raises(FoldingError, match=f"^Array: {said}$"):
        Array(**sizes)
