"""Bytes are multiplied exactly: against int64, ties and clipping among them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from fq_hw.fixed.format import requantize
from fq_hw.nn import byte_conv
from fq_hw.nn.byte_conv import ByteConv

pytestmark = pytest.mark.skipif(
    not byte_conv.available(), reason="this processor has no exact byte products"
)


@pytest.mark.parametrize("shift", [-1, 0, 1, 4, 11])
@pytest.mark.parametrize(
    ("cin", "cout", "kernel", "step", "pad"),
    [(1, 5, 3, 1, 1), (19, 33, 3, 2, 1), (64, 10, 1, 1, 0)],
)
def test_is_the_integer_convolution(cin, cout, kernel, step, pad, shift):
    rng = np.random.default_rng(shift + 5)
    x = rng.integers(0, 256, (6, cin, 9, 8), np.uint8)
    x[0] = 255  # sums of largest products: sixteen bits would saturate
    weight = rng.integers(-127, 128, (cout, cin, kernel, kernel))
    weight[0] = 127
    constant = rng.integers(-(2**shift) if shift > 0 else -9, 2 ** max(shift, 3), cout)
    padded = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    seen = sliding_window_view(padded, (kernel, kernel), (2, 3))[:, :, ::step, ::step]
    sums = np.einsum("nchwij,ocij->nohw", seen, weight) + constant[:, None, None]
    ready = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
    size = (2, cin, 9, 8)  # the packing is for another number of images

    raw = ByteConv.make(weight, constant, 0, None, step, pad, size)(ready)
    assert raw.dtype == torch.float32
    np.testing.assert_array_equal(raw.numpy(), sums)
    for high in (7, 255):
        codes = ByteConv.make(weight, constant, shift, high, step, pad, size)(ready)
        assert codes.dtype == torch.uint8
        np.testing.assert_array_equal(codes.numpy(), requantize(sums, shift, 0, high))


@pytest.mark.parametrize("shift", [1, 2, 7])
def test_ties_go_up(shift):
    """A 1x1 kernel of one, so that every sum around a tie comes."""
    x = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    run = ByteConv.make(np.ones((1, 1, 1, 1), int), np.zeros(1), shift, 255, 1, 0, (1, 1, 16, 16))
    want = requantize(np.arange(256).reshape(1, 1, 16, 16), shift, 0, 255)
    np.testing.assert_array_equal(run(torch.from_numpy(x)).numpy(), want)
