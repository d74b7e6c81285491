"""Every op of the golden model against a loop that says the same in plain words."""

import fractions
import itertools
import math

import numpy as np
import pytest

from fq_hw import ir
from fq_hw.golden import ops
from fq_hw.golden.ops import evaluate


def rng(seed=0):
    return np.random.default_rng(seed)


def signs(*shape, seed=0):
    return rng(seed).choice(np.array([-1, 1], np.int8), shape)


def make_conv(weight, stride, padding, **more):
    return ir.Conv(name="c", weight=weight, stride=stride, padding=padding, scale=None, **more)


def slow_conv(op, x):
    n, h, w, _ = x.shape
    o, k, stride, padding = len(op.weight), op.kernel[0], op.stride, op.padding
    oh, ow = ((size + 2 * padding - k) // stride + 1 for size in (h, w))
    y = np.zeros((n, oh, ow, o), object)
    for index in np.ndindex(y.shape):
        image, oy, ox, channel = index
        for ky, kx in itertools.product(range(k), repeat=2):
            iy = oy * stride + ky - padding
            ix = ox * stride + kx - padding
            inside = 0 <= iy < h and 0 <= ix < w
            levels = x[image, iy, ix] if inside else [op.pad_level] * x.shape[-1]
            pairs = zip(op.weight[channel, ky, kx], levels, strict=True)
            y[index] += sum(int(a) * int(b) for a, b in pairs)
    return y


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "h", "w"),
    [(1, 1, 0, 3, 4), (1, 2, 0, 5, 4), (3, 1, 1, 4, 5), (3, 2, 1, 5, 6), (3, 2, 1, 4, 7)]
    + [(3, 1, 0, 4, 3), (5, 2, 2, 6, 5), (3, 3, 1, 7, 5), (3, 1, 1, 1, 1)]
    + [(2, 2, 0, 5, 4), (6, 2, 2, 6, 8)],
)
def test_conv(kernel, stride, padding, h, w):
    op = make_conv(signs(4, kernel, kernel, 3), stride, padding)
    x = rng(1).integers(0, 4, (2, h, w, 3)).astype(np.uint8)
    np.testing.assert_array_equal(evaluate(op, x), slow_conv(op, x))
    weight = rng(2).integers(-900, 900, op.weight.shape)
    wide = ir.Conv(name="c", weight=weight, stride=stride, padding=padding, scale=None, pad_level=5)
    np.testing.assert_array_equal(evaluate(wide, x), slow_conv(wide, x))


SIDES = [  # kernel, stride, padding (top, left, bottom, right), dilation, image, groups
    ((1, 9), 1, (0, 4, 0, 4), 1, (3, 7), 1),
    ((9, 1), (2, 1), (4, 0, 3, 0), 1, (8, 2), 2),
    ((10, 4), (2, 2), (4, 1, 5, 1), 1, (49, 10), 1),  # keywords: 49 frames of 10 coefficients
    ((3, 3), 1, (0, 0, 1, 1), 1, (6, 5), 6),  # "same" of an even size and stride 2 pads one side
    ((3, 3), (2, 2), (0, 0, 1, 1), 1, (6, 8), 3),
    ((3, 3), 1, 2, 1, (4, 5), 1),
    ((3, 2), 1, (2, 0, 2, 1), (2, 3), (6, 8), 2),
    ((2, 3), (3, 2), 0, (1, 2), (7, 9), 6),
    ((4, 5), 1, 0, 1, (4, 5), 1),  # as large as the image
    ((3, 3), (3, 1), 1, (1, 2), (9, 6), 1),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "size", "groups"), SIDES)
def test_windows_of_all_kinds_as_torch_has_them(kernel, stride, padding, dilation, size, groups):
    torch = pytest.importorskip("torch")
    cin, cout = 6, 12
    top, left, bottom, right = padding if isinstance(padding, tuple) else (padding,) * 4
    x = rng(4).integers(0, 16, (2, *size, cin))
    weight = rng(5).integers(-9, 9, (cout, *kernel, cin // groups))

    def padded(outside):
        image = torch.tensor(x.transpose(0, 3, 1, 2)).double()
        return torch.nn.functional.pad(image, (left, right, top, bottom), value=outside)

    more = {"stride": stride, "dilation": dilation}
    op = make_conv(weight, padding=padding, pad_level=5, groups=groups, **more)
    kernels = torch.tensor(weight.transpose(0, 3, 1, 2)).double()
    want = torch.nn.functional.conv2d(padded(5.0), kernels, groups=groups, **more)
    found = evaluate(op, x.astype(np.uint8))
    np.testing.assert_array_equal(found, want.numpy().transpose(0, 2, 3, 1))
    low, high = (end.astype(float) for end in (infer_conv(op, x).low, infer_conv(op, x).high))
    assert (found.min(axis=(0, 1, 2)) >= low).all() and (found.max(axis=(0, 1, 2)) <= high).all()
    assert found.shape[1:] == infer_conv(op, x).shape

    sign = rng(6).choice(np.array([-1, 1]), cin)
    largest = ir.MaxPool(name="p", kernel=kernel, padding=padding, sign=sign, **more)
    signs = torch.tensor(sign)[None, :, None, None]
    image = padded(-np.inf)
    image = torch.where(image.isinf(), image, image * signs)
    want = torch.nn.functional.max_pool2d(image, kernel, **more) * signs
    found = evaluate(largest, x.astype(np.uint8))
    np.testing.assert_array_equal(found, want.numpy().transpose(0, 2, 3, 1))


def infer_conv(op, x):
    c = x.shape[-1]
    return ir.infer(op, ir.TensorType(shape=x.shape[1:], low=np.zeros(c, int), high=np.full(c, 15)))


def test_bias_flatten_and_pools():
    x = rng(3).integers(-9, 9, (2, 5, 7, 3))
    bias = np.array([-4, 0, 9])
    y = evaluate(ir.Bias(name="b", bias=bias), x)
    flat = evaluate(ir.Flatten(name="f"), x)
    for n, h, w, c in np.ndindex(x.shape):
        assert y[n, h, w, c] == x[n, h, w, c] + bias[c]
        assert flat[n, 0, 0, (h * 7 + w) * 3 + c] == x[n, h, w, c]
    most, total = (evaluate(kind(name="p", kernel=(2, 3)), x) for kind in (ir.MaxPool, ir.SumPool))
    assert most.shape == total.shape == (2, 2, 2, 3)
    for n, h, w, c in np.ndindex(most.shape):
        window = x[n, 2 * h : 2 * h + 2, 3 * w : 3 * w + 3, c]
        assert most[n, h, w, c] == max(window.flat)
        assert total[n, h, w, c] == sum(window.flat)


@pytest.mark.parametrize("shift", [-2, 0, 1, 3])
def test_requantize_rounds_half_up_and_saturates(shift):
    x = np.arange(-70, 70).reshape(1, 1, -1, 1)
    y = evaluate(ir.Requantize(name="r", shift=shift, out_bits=3), x).reshape(-1)
    for value, level in zip(x.reshape(-1), y, strict=True):
        exact = fractions.Fraction(int(value)) / fractions.Fraction(2) ** shift
        assert level == min(max(math.floor(exact + fractions.Fraction(1, 2)), 0), 7)


@pytest.mark.parametrize("total", [2**24 - 1, 2**24, 2**24 + 1, 2**33 + 1])
def test_conv_is_exact_beyond_what_float32_holds(total):
    """1 + (total - 1) is summed in pieces that float32 alone would round from 2**24 on."""
    x = np.array([total - 2**23, 2**23 - 2, 1, 1], np.int64).reshape(1, 1, 1, 4)
    y = evaluate(make_conv(np.ones((1, 1, 1, 4), np.int8), 1, 0), x)
    assert y.item() == total
    y = evaluate(make_conv(np.full((1, 1, 1, 4), -1, np.int8), 1, 0), x)
    assert y.item() == -total


def test_conv_uses_float32_exactly_while_it_is_exact(monkeypatch):
    """The limit is on the largest sum that could occur, not on the sum that does."""
    used = []
    pad = np.pad
    monkeypatch.setattr(ops.np, "pad", lambda x, *a, **k: used.append(x.dtype) or pad(x, *a, **k))
    op = make_conv(np.ones((1, 1, 1, 4), np.int8), 1, 0)
    for most in (2**22 - 1, 2**22):
        evaluate(op, np.array([most, 0, 0, 0]).reshape(1, 1, 1, 4))
    assert used == [np.float32, np.float64]


@pytest.mark.parametrize("tables", [1, 3])
def test_embed(tables):
    table = rng().integers(0, 4, (tables, 256, 5)).astype(np.uint8)
    x = rng(1).integers(0, 256, (2, 3, 4, 3)).astype(np.uint8)
    y = evaluate(ir.Embed(name="e", table=table, out_bits=2), x)
    assert y.shape == (2, 3, 4, 15)
    for n, row, column, c, i in np.ndindex(2, 3, 4, 3, 5):
        want = table[c % tables, x[n, row, column, c], i]
        assert y[n, row, column, c * 5 + i] == want


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("sign", [(1, 1, -1, -1), (-1, -1, -1, -1), (1, 1, 1, 1)])
def test_threshold(real, sign):
    levels = np.sort(rng().integers(-6, 7, (4, 3)), axis=1)
    levels = np.where(rng(1).random((4, 3)) < 0.5, levels, levels + 0.5) if real else levels
    levels = np.sort(levels, axis=1)
    if real:
        levels[0], levels[1] = [-np.inf, 0, np.inf], np.inf
    op = ir.Threshold(name="t", levels=levels, sign=np.array(sign), out_bits=2)
    x = np.broadcast_to(np.arange(-9, 10)[:, None], (1, 1, 19, 4))
    y = evaluate(op, x)
    assert y.dtype == np.uint8
    for column, channel in np.ndindex(19, 4):
        value = int(op.sign[channel]) * int(x[0, 0, column, channel])
        want = sum(value >= level for level in levels[channel])
        assert y[0, 0, column, channel] == want


def test_threshold_of_eight_bits():
    op = ir.Threshold(name="t", levels=np.arange(255)[None], sign=np.array([1]), out_bits=8)
    x = np.array([-1, 0, 100, 254, 400]).reshape(1, 1, 5, 1)
    assert evaluate(op, x).reshape(-1).tolist() == [0, 1, 101, 255, 255]


def test_add():
    a, b = (rng(s).integers(-99, 99, (2, 3, 4, 5)).astype(np.int32) for s in (1, 2))
    y = evaluate(ir.Add(name="a"), a, b)
    for index in np.ndindex(y.shape):
        assert y[index] == int(a[index]) + int(b[index])


def test_pixel_sum():
    x = rng().integers(-99, 99, (2, 3, 4, 5)).astype(np.int32)
    y = evaluate(ir.PixelSum(name="p"), x)
    assert y.shape == (2, 1, 1, 5)
    for n, c in np.ndindex(2, 5):
        assert y[n, 0, 0, c] == sum(int(v) for v in x[n, :, :, c].ravel())
    big = evaluate(ir.PixelSum(name="p"), np.full((1, 100, 100, 1), 2**30, np.int32))
    assert big.item() == 10_000 * 2**30


def test_class_scale():
    x = np.array([-(2**31), 5, 7]).reshape(1, 1, 1, 3)
    op = ir.ClassScale(name="s", multiplier=np.array([65_535, 0, 3]))
    assert evaluate(op, x).reshape(-1).tolist() == [-(2**31) * 65_535, 0, 21]


@pytest.mark.parametrize(
    ("scores", "label"), [([1, 3, 2], 1), ([3, 3, 2], 0), ([-5, -3, -3], 1), ([0, 0, 0], 0)]
)
def test_argmax_takes_the_lowest_of_equal_ones(scores, label):
    y = evaluate(ir.ArgMax(name="m"), np.array(scores).reshape(1, 1, 1, 3))
    assert y.shape == (1, 1, 1, 1)
    assert y.item() == label


def test_input():
    x = rng().integers(0, 256, (1, 2, 3, 1)).astype(np.uint8)
    np.testing.assert_array_equal(evaluate(ir.Input(name="x", shape=(2, 3, 1)), x), x)
