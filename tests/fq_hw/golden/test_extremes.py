"""Every op at the ends of what its inputs' types hold, against Python's integers: nothing wraps."""

import itertools

import numpy as np
import pytest

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.ir import ops

FAR = 2**62 - 1  # range analysis lets no larger value pass
SHAPE = (1, 2, 2, 2)
ENDS = {np.uint8: (0, 255), np.int16: (-(2**15), 2**15 - 1), np.int32: (-(2**31), 2**31 - 1)}
BYTE = np.arange(256)
REAL = np.array([[2.0**53, 2.0**53, 2.0**60], [-np.inf, 0.5, np.inf]])
RAMP = np.linspace(-FAR, FAR, 255).astype(np.int64)

GROWING = {  # op, and how far from 0 its inputs may lie for its result to stay within 2**62
    "add": (ir.Add(name="y"), FAR // 2),
    "add shifted": (ir.Add(name="y", shift=(3, 32)), FAR >> 33),
    "add times": (ir.Add(name="y", shift=(2, 0), times=(2**32, 1)), FAR >> 35),
    "bias": (ir.Bias(name="y", bias=np.array([2**60, -(2**31)])), FAR // 2),
    "bias of bytes": (ir.Bias(name="y", bias=np.array([255, 1], np.uint8)), FAR // 2),
    "sum pool": (ir.SumPool(name="y", kernel=(2, 1)), FAR // 2),
    "pixel sum": (ir.PixelSum(name="y"), FAR // 4),
    "class scale": (
        ir.ClassScale(name="y", multiplier=np.array([2**24, -3]), bias=np.array([2**40, 0])),
        2**36,
    ),
    "class scale of bytes": (
        ir.ClassScale(name="y", multiplier=np.array([255, 1], np.uint8)), 2**50,
    ),
    "maximum": (ir.MaxPool(name="y", kernel=(1, 2)), FAR),
    "minimum": (ir.MaxPool(name="y", kernel=(1, 2), sign=np.array([1, -1])), FAR),
    "flatten": (ir.Flatten(name="y"), FAR),
    "concat": (ir.Concat(name="y"), FAR),
    "concat swapped": (ir.Concat(name="y", swapped=True), FAR),
    "grid": (ir.Grid(name="y", rows=np.array([-1, 0, 0]), columns=np.array([1, -1]), level=255),
             FAR),
    "select": (ir.Select(name="y", order=np.array([1, -1, 0, 1]), level=255), FAR),
    "space to depth": (ir.SpaceToDepth(name="y", block=(1, 2)), FAR),
    "depth to space": (ir.DepthToSpace(name="y", block=(2, 1)), FAR),
    "argmax": (ir.ArgMax(name="y"), FAR),
    "input": (ir.Input(name="y", shape=SHAPE[1:]), FAR),
    "threshold": (
        ir.Threshold(name="y", levels=np.stack([RAMP] * 2), sign=np.array([1, -1], np.int8),
                     out_bits=8), FAR,
    ),
    "real threshold": (
        ir.Threshold(name="y", levels=REAL, sign=np.array([1, -1]), out_bits=2), FAR,
    ),
    "shift up": (ir.Requantize(name="y", shift=-32, out_bits=8), FAR),
    "shift down": (ir.Requantize(name="y", shift=32, out_bits=8), FAR),
    "embed": (
        ir.Embed(name="y", table=BYTE[::-1].reshape(1, 256, 1).astype(np.uint8), out_bits=8), 255,
    ),
    "lookup": (ir.Lookup(name="y", table=(BYTE.astype(np.int64) - 128) << 54), 255),
    "convolution": (
        ir.Conv(name="y", weight=np.full((2, 2, 2, 2), [-(2**15), 2**15]), stride=1, padding=0,
                scale=None), 2**43,
    ),
}  # fmt: skip


def plain(op, *inputs):
    """The op's result with Python's integers in arrays of objects."""
    x = inputs[0]
    match op:
        case ir.Add():
            first, second = (n * 2**bits for n, bits in zip(op.times, op.shift, strict=True))
            return x * first + inputs[1] * second
        case ir.Bias():
            return x + op.bias.astype(object)
        case ir.SumPool():
            return x.reshape(1, 1, 2, 2, 2).sum(axis=2)
        case ir.MaxPool():
            pairs = x.reshape(1, 2, 1, 2, 2)
            ends = [pairs.max(axis=3), pairs.max(axis=3) if op.sign is None else pairs.min(axis=3)]
            return np.stack([end[..., channel] for channel, end in enumerate(ends)], axis=-1)
        case ir.PixelSum():
            return x.sum(axis=(1, 2), keepdims=True)
        case ir.ClassScale():
            return x * op.multiplier.astype(object) + (
                0 if op.bias is None else op.bias.astype(object)
            )
        case ir.Flatten():
            return x.reshape(1, 1, 1, -1)
        case ir.Concat():
            return np.concatenate(inputs[::-1] if op.swapped else inputs, axis=-1)
        case ir.Grid():
            row = [x[0, 0, 1].tolist(), [255, 255]]
            return np.array([[[255, 255]] * 2, row, row], object)
        case ir.Select():
            return np.stack([x[..., 1], 0 * x[..., 0] + 255, x[..., 0], x[..., 1]], axis=-1)
        case ir.SpaceToDepth():
            return x
        case ir.DepthToSpace():
            return np.moveaxis(x, 3, 2)
        case ir.ArgMax():
            return np.array([max(range(2), key=lambda c: (p[c], -c)) for p in x.reshape(-1, 2)])
        case ir.Input():
            return x
        case ir.Embed():
            return 255 - x
        case ir.Lookup():
            return (x - 128) * 2**54
        case ir.Conv():
            return np.stack([(x * w.astype(object)).sum() for w in op.weight])
    found = [level(op, int(value), n % 2) for n, value in enumerate(x.reshape(-1))]
    return np.array(found)


def level(op, value, channel):
    """What a requantizing op makes of one value."""
    if isinstance(op, ir.Threshold):
        signed = value * int(op.sign[channel])
        return sum(signed >= at for at in op.levels[channel].tolist())
    scaled = value << -op.shift if op.shift < 0 else (value + (1 << op.shift >> 1)) >> op.shift
    return min(max(scaled, 0), 2**op.out_bits - 1)


def extremes(op, most, kinds):
    """For every pattern of lowest and highest values the op's inputs, of the types ``kinds``."""
    ends = []
    for kind in kinds:
        low, high = ENDS.get(kind, (-FAR, FAR))
        low = 0 if isinstance(op, ir.Conv | ir.Embed | ir.Lookup) else max(low, -most)
        ends.append((low, min(high, most), min(high, most) // 2 + 1))
    for turn in itertools.product(range(3), repeat=3):
        yield [
            np.resize([end[(n + by) % 3] for by in turn], SHAPE).astype(kind)
            for n, (kind, end) in enumerate(zip(kinds, ends, strict=True))
        ]


@pytest.mark.parametrize("kinds", list(itertools.product([*ENDS, np.int64], repeat=2)), ids=str)
@pytest.mark.parametrize("name", GROWING)
def test_nothing_wraps(name, kinds):
    op, most = GROWING[name]
    if isinstance(op, ir.Embed) and kinds[0] is not np.uint8:
        kinds = (np.uint8, kinds[1])
    kinds = kinds[: 2 if isinstance(op, ops.Join) else 1]
    for inputs in extremes(op, most, kinds):
        found = evaluate(op, *inputs)
        want = plain(op, *(x.astype(object) for x in inputs))
        assert found.reshape(-1).tolist() == want.reshape(-1).tolist()


def test_every_op_is_driven_to_its_ends():
    driven = {type(op) for op, _ in GROWING.values()}
    assert driven == {getattr(ops, name) for name in ops.__all__ if name != "Op"}
