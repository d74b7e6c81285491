"""Random ONNX models: what import takes, qonnx, golden, every command and Verilog agree on.

`make bench-import` does the same for many more, larger ones and wider quantizers.
"""

from collections import Counter
from dataclasses import replace

import pytest
from random_onnx import checks
from random_onnx.models import number, shrunk

from fq_hw.foreign.onnx.node import RULES
from fq_hw.foreign.pixels import PIXELS

GRAPHS = range(102, 109)  # rich in traits; `make test-slow` takes those behind them
MORE = range(109, 125)
TAKEN = 6  # of the first at least
SMALL = {"blocks": 2, "side": 7, "bits": 4}
MANY = 400  # as make bench-import draws them
LEAST = {  # how many traits of each kind are drawn, at least
    "affine": 5, "bias": 4, "bits": 6, "clamp": 7, "conv": 8, "dense": 3, "end": 9, "flatten": 4,
    "function": 16, "gain": 2, "image": 9, "join": 12, "move": 8, "nothing": 6, "pixels": 3,
    "pool": 7, "quantizer": 10, "rounding": 8, "scales": 2, "weights": 6,
}  # fmt: skip


@pytest.mark.verilator
@pytest.mark.parametrize(
    "index", [*GRAPHS, *(pytest.param(index, marks=pytest.mark.slow) for index in MORE)]
)
def test_what_is_taken_is_right_everywhere(index, programs, tmp_path):
    shrunk(index, lambda drawn: checks.check(drawn, tmp_path, programs), **SMALL)


@pytest.mark.slow
def test_every_operator_and_kind_is_drawn():
    models = [number(index) for index in range(MANY)]
    drawn = {node.op_type for found in models for node in found.model.graph.node}
    elsewhere = {"Upsample", "ConvTranspose"}  # Resize took the former's place; onnx_attributes
    assert set(RULES) - elsewhere == drawn
    traits = {trait for found in models for trait in found.traits}
    kinds = Counter(trait.partition(":")[0] for trait in traits)
    assert not {kind: kinds[kind] for kind, least in LEAST.items() if kinds[kind] < least}


def test_most_are_taken(tmp_path):
    found = [checks.accepted(number(index, **SMALL), tmp_path) for index in GRAPHS]
    refused = [why for why in found if isinstance(why, str)]
    assert len(found) - len(refused) >= TAKEN, refused


def taken(tmp_path) -> checks.Accepted:
    """One that import takes."""
    models = (checks.accepted(number(index, **SMALL), tmp_path) for index in GRAPHS)
    return next(found for found in models if not isinstance(found, str))


def test_another_image_is_seen(tmp_path):
    """Golden of other pixels than qonnx's."""
    found = taken(tmp_path)
    other = next(pixels for pixels in PIXELS if pixels is not found.drawn.pixels)
    with pytest.raises(AssertionError):
        checks.check_reference(replace(found, drawn=replace(found.drawn, pixels=other)))
