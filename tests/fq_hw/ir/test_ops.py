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
        (ir.Embed, {"table": TABLE[0]}, "table must be T,256,K (got (256, 2))"),
        (ir.Embed, {"table": TABLE[:, 1:]}, "table must be T,256,K (got (1, 255, 2))"),
        (ir.Embed, {"table": spoilt(TABLE, 4)}, "table must hold u2 (got 4)"),
        (ir.Embed, {"table": spoilt(TABLE.astype(int), -1)}, "table must hold u2"),
        (ir.Embed, {"table": TABLE.astype(float)}, "table must be an array of integers"),
        (ir.Embed, {"table": TABLE[:0]}, "table must not be empty (got (0, 256, 2))"),
        (ir.Embed, {"out_bits": 9}, "out_bits must be in 1..8 (got 9)"),
        (ir.Conv, {"weight": WEIGHT[0]}, "weight must be O,K,K,C (got (3, 3, 4))"),
        (ir.Conv, {"weight": WEIGHT[:, :, :1]}, "kernel must be square (got (3, 1))"),
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
        (ir.Conv, {"stride": 0}, "stride must be in 1..255 (got 0)"),
        (ir.Conv, {"padding": 2}, "padding must be in 0..1 (got 2)"),
        (ir.Conv, {"padding": -1}, "padding must be in 0..1 (got -1)"),
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
        (ir.Add, {"shift": (0, 33)}, "shift must be two numbers in 0..32 (got (0, 33))"),
        (ir.Add, {"shift": (-1, 0)}, "shift must be two numbers in 0..32 (got (-1, 0))"),
        (ir.Add, {"shift": (1,)}, "shift must be two numbers in 0..32 (got (1,))"),
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
