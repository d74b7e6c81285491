"""What of buses is refused."""

import dataclasses

import pytest
from networks import least_plan, random_graph

from bus import Bus
from bus.geometry import Geometry
from fq_hw.errors import ParameterError
from fq_hw.passes import lower_graph


@pytest.mark.parametrize(
    ("kind", "width", "said"),
    [
        ("axi", None, r"--bus: must be one of stream, axi4-stream, wishbone \(got 'axi'\)"),
        ("axi4-stream", 24, r"--bus-width: must be one of 8, 16, .*, 1024 \(got 24\)"),
        ("axi4-stream", 0, r"--bus-width: must be one of "),
        ("wishbone", 32, r"--bus-width: is the width of --bus axi4-stream \(got 32\); leave it"),
        ("stream", 8, r"--bus-width: is the width of --bus axi4-stream \(got 8\); leave it"),
    ],
)
def test_what_no_bus_is(kind, width, said):
    with pytest.raises(ParameterError, match=f"^{said}"):
        Bus(kind=kind, width=width)


def with_scores(bits: int):
    """A plan whose scores have so many bits."""
    plan = least_plan(lower_graph(random_graph("tiny")), 600)
    *nodes, last = plan.nodes
    unit = dataclasses.replace(last.unit, score_bits=bits)
    return dataclasses.replace(plan, nodes=(*nodes, dataclasses.replace(last, unit=unit)))


@pytest.mark.parametrize(("bits", "field"), [(32, 32), (33, 64), (64, 64)])
def test_scores_are_words_of_memory(bits, field):
    one = Geometry.of(with_scores(bits), Bus(kind="axi4-stream", width=32))
    assert (one.field_bits, one.result_words) == (field, field // 32 * 5)


def test_scores_that_no_word_holds():
    said = r"^--bus axi4-stream: can carry scores of up to 64 bits \(got 65\)$"
    with pytest.raises(ParameterError, match=said):
        Geometry.of(with_scores(65), Bus(kind="axi4-stream"))
