"""Every op refuses fields that break its contract, by name; arrays cannot be changed."""

import numpy as np
import pytest
from networks import random_graph

from fq_hw import ir
from fq_hw.errors import GraphError

LEVELS = np.array([[0.0, 1.0, 2.0], [-np.inf, 5.5, np.inf]])
WEIGHT = np.ones((2, 3, 3, 4), np.int8)
TABLE = np.full((1, 256, 2), 3, np.uint8)
GOOD = {
    ir.Input: {"shape": (4, 5, 3)},
    ir.Embed: {"table": TABLE, "out_bits": 2},
    ir.Conv: {"weight": WEIGHT, "stride": 1, "padding": 1, "scale": None},
    ir.Threshold: {"levels": LEVELS, "sign": np.array([1, -1]), "out_bits": 2},
    ir.ClassScale: {"multiplier": np.array([0, 7])},
    ir.Bias: {"bias": np.array([-5, 7])},
    ir.Requantize: {"shift": 3, "out_bits": 4},
    ir.MaxPool: {"kernel": (2, 3)},
    ir.SumPool: {"kernel": [2, 2]},
    ir.Add: {},
    ir.Flatten: {},
}


ENDS = np.array([[-(2**63), 0, 1], [0, 1, 2**63 - 1]])


def spoilt(array, value):
    array = array.copy()
    array.flat[1] = value
    return array


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_good(kind):
    kind(name="a", **GOOD[kind])


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (ir.Input, {"shape": (4, 5)}, "shape must be H,W,C (got (4, 5))"),
        (ir.Input, {"shape": (4, 0, 3)}, "shape must be H,W,C (got (4, 0, 3))"),
        (ir.Input, {"shape": (4097, 1, 1)}, "height and width must be at most 4096 (got"),
        (ir.Input, {"shape": (1, 1, 2**21)}, "must give at most 1,048,576 channels, and 16"),
        (ir.Input, {"shape": (4096, 4096, 2)}, "must give at most 1,048,576 channels, and 16"),
        (ir.Embed, {"table": TABLE[0]}, "table must be T,256,K (got (256, 2))"),
        (ir.Embed, {"table": TABLE[:, 1:]}, "table must be T,256,K (got (1, 255, 2))"),
        (ir.Embed, {"table": spoilt(TABLE, 4)}, "table must hold u2 (got 4)"),
        (ir.Embed, {"table": spoilt(TABLE.astype(int), -1)}, "table must hold u2"),
        (ir.Embed, {"table": TABLE.astype(float)}, "table must be an array of integers"),
        (ir.Embed, {"table": TABLE[:0]}, "table must not be empty (got (0, 256, 2))"),
        (ir.Embed, {"out_bits": 9}, "out_bits must be in 1..8 (got 9)"),
        (ir.Conv, {"weight": WEIGHT[0]}, "weight must be O,KH,KW,C (got (3, 3, 4))"),
        (ir.Conv, {"stride": (1, 2, 1)}, "stride must be one number, or 2 (got (1, 2, 1))"),
        (ir.Conv, {"padding": (1, 1)}, "padding must be one number, or 4 (got (1, 1))"),
        (ir.Conv, {"dilation": (1, 0)}, "stride and dilation must be in 1..255 (got (1, 1, 1, 0))"),
        (ir.Conv, {"groups": 0}, "groups must divide the 2 channels that it makes (got 0)"),
        (ir.Conv, {"groups": 3}, "groups must divide the 2 channels that it makes (got 3)"),
        (ir.Conv, {"padding": (0, 0, 3, 0)}, "padding must be in 0..2, less than the kernel"),
        (ir.MaxPool, {"padding": (0, 0, 0, 3)}, "padding must be in 0..2, less than the kernel"),
        (ir.MaxPool, {"stride": 0}, "stride and dilation must be in 1..255 (got (0, 0, 1, 1))"),
        (
            ir.Conv,
            {"weight": 0 * WEIGHT},
            "weights must be in -32768..32768, and not all 0 (got 0)",
        ),
        (
            ir.Conv,
            {"weight": spoilt(WEIGHT.astype(int), -(2**63))},
            "weight must be in -2**62..2**62",
        ),
        (ir.Conv, {"weight": WEIGHT.astype(int) * 40_000}, "weights must be in -32768..32768"),
        (ir.Conv, {"weight": WEIGHT, "pad_level": 256}, "pad_level must be in 0..255 (got 256)"),
        (ir.Conv, {"weight": WEIGHT, "pad_level": -1}, "pad_level must be in 0..255 (got -1)"),
        (ir.Conv, {"weight": WEIGHT.astype(float)}, "weight must be an array of integers"),
        (ir.Conv, {"weight": WEIGHT[:0]}, "weight must not be empty (got (0, 3, 3, 4))"),
        (ir.Conv, {"stride": 0}, "stride and dilation must be in 1..255 (got (0, 0, 1, 1))"),
        (ir.Conv, {"stride": 2**62}, "stride and dilation must be in 1..255 (got (4611"),
        (ir.Conv, {"scale": -1e-300}, "scale must be in 2**-256..2**256, or none (got -1e-300)"),
        (ir.Embed, {"scale": 0.0}, "scale must be in 2**-256..2**256, or none (got 0.0)"),
        (ir.Threshold, {"scale": np.inf}, "scale must be in 2**-256..2**256, or none (got inf)"),
        (
            ir.Conv,
            {"padding": 3},
            "padding must be in 0..2, less than the kernel spans (got (3, 3))",
        ),
        (
            ir.Conv,
            {"padding": -1},
            "padding must be in 0..2, less than the kernel spans (got (-1, -1))",
        ),
        (ir.Threshold, {"levels": LEVELS[:, :2]}, "needs 3 levels per channel (got (2, 2))"),
        (ir.Threshold, {"levels": LEVELS[0]}, "needs 3 levels per channel (got (3,))"),
        (
            ir.Threshold,
            {"levels": LEVELS * [[1], [np.nan]]},
            "levels must be numbers, and one is NaN",
        ),
        (
            ir.Threshold,
            {"levels": LEVELS[:, ::-1]},
            "levels must ascend, and those of channel 0",
        ),
        (ir.Threshold, {"sign": np.array([1, 0])}, "needs a sign -1 or +1 per channel"),
        (ir.Threshold, {"sign": np.array([1])}, "needs a sign -1 or +1 per channel (got (1,))"),
        (ir.Threshold, {"sign": np.array([1.0, -1.0])}, "sign must be an array of integers"),
        (ir.Threshold, {"out_bits": 9}, "out_bits must be in 1..8 (got 9)"),
        (ir.Threshold, {"out_bits": 0}, "out_bits must be in 1..8 (got 0)"),
        (
            ir.ClassScale,
            {"multiplier": np.array([[1, 2]])},
            "multiplier must be a vector",
        ),
        (ir.Threshold, {"levels": LEVELS.astype(complex)}, "levels must be an array of real num"),
        (ir.Threshold, {"levels": LEVELS.astype(object)}, "levels must be an array of real numb"),
        (ir.Threshold, {"levels": LEVELS > 0}, "levels must be an array of real numbers (got 'b"),
        (ir.Threshold, {"levels": ENDS}, "levels must be in -2**62..2**62 (got 92233720368547758"),
        (ir.Bias, {"bias": np.array([2**62 + 1])}, "bias must be in -2**62..2**62 (got 4611686"),
        (ir.Bias, {"bias": np.array([2**63], np.uint64)}, "bias must be in -2**62..2**62 (got 92"),
        (ir.ClassScale, {"multiplier": np.array([-(2**63), 1])}, "multiplier must be in -2**62.."),
        (ir.Add, {"shift": (0, 33)}, "shift must be two numbers in 0..32 (got (0, 33))"),
        (ir.Add, {"shift": (-1, 0)}, "shift must be two numbers in 0..32 (got (-1, 0))"),
        (ir.Add, {"shift": (1,)}, "shift must be two numbers in 0..32 (got (1,))"),
        (ir.Add, {"times": (1, 0)}, "times must be two numbers in 1..4294967296 (got (1, 0))"),
        (ir.MaxPool, {"sign": np.array([1, 0])}, "needs a sign -1 or +1 per channel (got (2,))"),
        (ir.MaxPool, {"sign": np.array([[1]])}, "needs a sign -1 or +1 per channel (got (1, 1))"),
        (ir.Bias, {"bias": np.array([1.5])}, "bias must be an array of integers"),
        (ir.Bias, {"bias": np.array([[1]])}, "bias must be a vector (got (1, 1))"),
        (ir.Requantize, {"shift": 33}, "shift must be in -32..32 (got 33)"),
        (ir.Requantize, {"out_bits": 9}, "out_bits must be in 1..8 (got 9)"),
        (ir.MaxPool, {"kernel": (2,)}, "kernel must be rows, columns (got (2,))"),
        (ir.SumPool, {"kernel": (0, 2)}, "kernel must be rows, columns (got (0, 2))"),
        (ir.ClassScale, {"bias": np.array([1])}, "bias must be (2,) (got (1,))"),
        (ir.ClassScale, {"multiplier": np.array([1.5])}, "multiplier must be an array of integers"),
    ],
)
def test_refuses(kind, changes, message):
    with pytest.raises(GraphError) as caught:
        kind(name="a", **GOOD[kind] | changes)
    assert str(caught.value).startswith(f"{kind.__name__} 'a': {message}")


@pytest.mark.parametrize("kind", ["i1", ">i2", "<u4", ">i8", "u8"])
def test_constants_are_int64_whatever_their_file_holds(kind):
    """So that -x, 1 - x and |x| of the lowest int8 do not wrap on the way to the hardware."""
    array = np.array([1, 2]).astype(kind)
    for op in (
        ir.Bias(name="a", bias=array),
        ir.ClassScale(name="a", multiplier=array, bias=array),
        ir.Threshold(name="a", levels=array[:, None], sign=np.array([1, -1]), out_bits=1),
    ):
        for field in ("bias", "multiplier", "levels"):
            found = getattr(op, field, np.zeros(0, np.int64))
            assert found.dtype == np.int64 and found.dtype.isnative
    weight = ir.Conv(name="a", **GOOD[ir.Conv] | {"weight": WEIGHT.astype(kind)}).weight
    assert weight.dtype.isnative and (weight == WEIGHT).all()


def test_equal_levels_are_allowed():
    ir.Threshold(name="a", levels=np.full((1, 3), np.inf), sign=np.array([1]), out_bits=2)


def test_arrays_are_copies_that_cannot_be_written():
    weight = WEIGHT.copy()
    op = ir.Conv(name="a", **GOOD[ir.Conv] | {"weight": weight})
    weight[:] = -1
    assert (op.weight == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        op.weight[0] = -1
    for op in random_graph("basic").ops:
        arrays = [value for value in vars(op).values() if isinstance(value, np.ndarray)]
        assert not any(array.flags.writeable for array in arrays)
