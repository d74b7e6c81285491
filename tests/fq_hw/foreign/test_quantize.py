"""Quantizers as edges: every rounding mode beside qonnx's own function, ties included."""

import numpy as np
import pytest
from qonnx.custom_op.general.intquant import int_quant

from fq_hw.errors import GraphError
from fq_hw.exact import FAR, exact
from fq_hw.foreign.onnx.quantize import ROUNDING, Quantizer
from fq_hw.foreign.onnx.values import Feature


def feature(channels=1, scale=0.125, shift=0.0, **more):
    scales, shifts = (exact(np.full(channels, value)) for value in (scale, shift))
    return Feature(op="x", shape=(1, 1, channels), scale=scales, shift=shifts,
                   peak=np.full(channels, 100.0), **more)  # fmt: skip


def quantizer(mode="ROUND", bits=3, signed=1, narrow=0, scale=0.25, zero=0.0):
    attributes = {"rounding_mode": mode, "signed": signed, "narrow": narrow}
    return Quantizer.of(np.float32(scale), np.float32(zero), bits, attributes, "node 'q' (Quant)")


def reference(found, x):
    """Codes 0, 1, ... as qonnx has them."""
    bits = np.float32(found.bits)
    values = int_quant(x, found.scale, found.zero, bits, found.signed, found.narrow, found.mode)
    steps = found.steps(feature())
    return np.rint((values - float(steps.shift[0])) / float(steps.scale[0])).astype(int)


@pytest.mark.parametrize("mode", ROUNDING)
@pytest.mark.parametrize(
    ("bits", "signed", "narrow", "zero"),
    [(3, 1, 0, 0.0), (3, 0, 0, 0.0), (2, 1, 1, 0.0), (1, 1, 0, 0.0), (1, 0, 0, 0.0), (3, 0, 1, 2.0),
     (8, 1, 0, -3.0), (4, 0, 0, 0.5)],
)  # fmt: skip
def test_levels_are_qonnx_s_on_every_sum(mode, bits, signed, narrow, zero):
    """Half of these sums, an eighth each, lie on an edge of a quantizer of steps of a quarter."""
    found = quantizer(mode, bits, signed, narrow, zero=zero)
    for scale in (0.125, -0.125):
        levels, sign = found.steps(feature()).levels(feature(scale=scale))
        x = np.arange(-400, 400)
        got = (sign[0] * x[:, None] >= levels[0]).sum(axis=1)
        np.testing.assert_array_equal(got, reference(found, (x * scale).astype(np.float32)))


@pytest.mark.parametrize("mode", ROUNDING)
def test_weights_are_rounded_in_float32_as_qonnx_does(mode):
    """0.35 / 0.1 is 3.5 in float32, a tie, and less than that in exact arithmetic."""
    found = quantizer(mode, 4, scale=0.1)
    real = np.array([0.35, -0.35, 0.05, 0.25, -0.15, 9.0, -9.0, 0.449999], np.float32)
    steps = found.steps(feature())
    np.testing.assert_array_equal(found.codes(real) + 8, reference(found, real))
    np.testing.assert_array_equal(steps.reference(real[None])[0], reference(found, real))


@pytest.mark.filterwarnings("error")
def test_weights_beyond_float32_are_clipped():
    found = quantizer(scale=1e-30)
    assert found.codes(np.float32([3e38, -3e38, 0])).tolist() == [3, -4, 0]


def test_levels_near_a_tie_are_no_ties():
    """Edge 3/2 of a step, on sums of 2**-10 of a step: one of them lies 3e-5 above the tie."""
    found = quantizer(bits=4, signed=0, scale=1.0)
    levels, _ = found.steps(feature()).levels(feature(scale=2.0**-10, shift=3e-5))
    assert levels[0, :2].tolist() == [513 - 1, 1536]  # 0.5 is exclusive, 1.5 is not


def test_levels_that_tie_with_each_other_ascend():
    """Two edges between the same two sums: a level finer than the unit of a sum."""
    found = quantizer(bits=8, signed=0, scale=2.0**-6)
    levels, _ = found.steps(feature()).levels(feature(scale=2.0**-5, shift=2.0**-7))
    assert (levels[:, 1:] >= levels[:, :-1]).all()


def test_floor_and_ceiling_decide_what_no_sum_reaches():
    ends = {"floor": exact([0.25]), "ceiling": exact([0.75])}
    levels, _ = quantizer(bits=3, signed=0).steps(feature()).levels(feature(**ends))
    assert levels[0, :1].tolist() == [-FAR]  # 1/8 is below the floor
    assert levels[0, 1:3].tolist() == [3, 6]  # 3/8 is odd's even side; 5/8 not
    assert levels[0, 3:].tolist() == [FAR] * 4  # 7/8 and more lie above the ceiling


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "ROUND_TO_ZERO"}, "rounding_mode must be one of ROUND, HALF_EVEN"),
        ({"bits": 2.5}, r"bit width must be a whole number in 1..8 \(got 2.5\)"),
        ({"bits": 9}, r"bit width must be a whole number in 1..8 \(got 9\)"),
        ({"scale": 0.0}, r"scale must be positive \(got 0.0\)"),
        ({"scale": [0.1, -0.1]}, r"scale must be positive \(got -0.1"),
        ({"scale": [0.1, 0.2]}, "a constant must be one number or one for each of 1 channels"),
        ({"bits": 1, "signed": 0, "narrow": 1}, "must have more than one code"),
    ],
)
def test_refuses(change, message):
    with pytest.raises(GraphError, match=rf"^node 'q' \(Quant\): {message}"):
        quantizer(**change).steps(feature())


def test_modes_differ():
    """Else the comparison with qonnx would say little."""
    x = feature(scale=2.0**-6)
    tables = {quantizer(mode).steps(x).levels(x)[0].tobytes() for mode in ROUNDING}
    assert len(tables) == 7  # ROUND and HALF_EVEN are one
