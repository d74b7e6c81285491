"""Words of the parameter memory: a fold's weights in the order of the steps, then its header."""

from __future__ import annotations

import numpy as np

from fq_hw import ir
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.words import level_fields

__all__ = ["header_words", "padded_levels", "weight_words"]


def kernel_columns(kernel: int, stride: int) -> tuple[int, ...]:
    """Kernel columns in the order of the steps: with stride 2 even pixels come before odd ones."""
    if kernel == 1:
        return (0,)
    return (0, 1, 2) if stride == 1 else (1, 0, 2)


def weight_words(weight: np.ndarray, stride: int, folds: int, array: Array) -> np.ndarray:
    """Bits of shape folds, uses, pe*simd; 1 is -1, unused lanes and channels are +1.

    Order: kernel row, word of input channels, kernel column as ``kernel_columns`` has them.
    """
    cout, kernel, _, cin = weight.shape
    words = ceil_div(cin, array.simd)
    bits = np.zeros((folds * array.pe, kernel, kernel, words * array.simd), np.uint8)
    bits[:cout, :, :, :cin] = weight < 0
    bits = bits[:, :, kernel_columns(kernel, stride)]
    bits = bits.reshape(folds, array.pe, kernel, kernel, words, array.simd)
    return bits.transpose(0, 2, 4, 3, 1, 5).reshape(folds, -1, array.word_bits)


def padded_levels(
    op: ir.Threshold, offset: np.ndarray, channels: int, level_bits: int
) -> np.ndarray:
    """Levels and sign as bits of shape channels, steps*level_bits + 1, lowest bit first.

    Channels beyond the tensor's have levels that nothing reaches.
    """
    bits = level_fields(op, offset, level_bits)
    beyond = np.ones((channels - len(bits), bits.shape[1]), np.uint8)
    beyond[:, -1] = 0
    return np.concatenate([bits, beyond])


def header_words(fields: np.ndarray, folds: int, words: int, array: Array) -> np.ndarray:
    """Fields of all channels as header bits of shape folds, words, pe*simd.

    They end with the last word's top bit: what comes before them is shifted out.
    """
    bits = np.zeros((folds, words * array.word_bits), np.uint8)
    rows = fields.reshape(folds, -1)
    bits[:, -rows.shape[1] :] = rows
    return bits.reshape(folds, words, array.word_bits)
