"""What lowering writes into memories, and how wide the result is, however a layer is computed."""

from __future__ import annotations

import numpy as np

from fq_hw import ir
from fq_hw.ir.types import TensorType
from fq_hw.schedule.lines import Line
from fq_hw.schedule.units import (
    LineUnit,
    ResultChainUnit,
    ResultUnit,
    ScorePipelineUnit,
    ScoreUnit,
    ceil_div,
)

__all__ = [
    "bits_of",
    "level_fields",
    "line_fields",
    "line_unit",
    "result_unit",
    "score_constants",
    "score_unit",
    "score_words",
    "signed_bits",
    "start_values",
    "weight_words",
]

MANY_CLASSES = 100  # sets of so many are judged by the best five, too
BEST = 5


def bits_of(values: np.ndarray, width: int) -> np.ndarray:
    """Integers as bits, two's complement, lowest first: uint8, an axis of ``width`` more."""
    return (values.astype(np.int64)[..., None] >> np.arange(width) & 1).astype(np.uint8)


def weight_words(weight: np.ndarray, folds: int, pe: int, simd: int) -> np.ndarray:
    """Weights O,K,K,C as the words of each fold: of shape folds, uses, pe*simd.

    Order of uses: kernel row, kernel column, ``simd`` channels. Lane 0 is the lowest channel. The
    weight of an unused lane is 0, which adds nothing to the level 0 that is there.
    """
    cout, rows, columns, cin = weight.shape
    words = ceil_div(cin, simd)
    bits = np.zeros((folds * pe, rows, columns, words * simd), weight.dtype)
    bits[:cout, :, :, :cin] = weight
    bits = bits.reshape(folds, pe, rows, columns, words, simd)
    return bits.transpose(0, 2, 3, 4, 1, 5).reshape(folds, -1, pe * simd)


def level_fields(op: ir.Threshold, offset: np.ndarray, level_bits: int) -> np.ndarray:
    """Levels and sign of each channel as bits C, steps*level_bits + 1, lowest bit first.

    ``offset`` is what the streamed sums lack. -x >= t says x < 1 - t, so a falling channel counts
    the levels 1 - t and subtracts from the top.
    """
    falling = (op.sign < 0)[:, None]
    levels = np.where(falling, 1 - op.levels, op.levels) - offset[:, None]
    levels = np.sort(levels, axis=1)
    bits = bits_of(levels, level_bits).reshape(len(levels), -1)
    return np.concatenate([bits, falling], axis=1, dtype=np.uint8)


def line_unit(line: Line, offset: np.ndarray, out_bits: int, **stream: int) -> LineUnit:
    """The unit that makes levels of sums on ``line``; they lack ``offset``, and come as ``stream``.

    The latter are the fields of a PixelUnit.
    """
    biases = [line.bias, line.below][: 1 + line.two_sided]
    widths = [signed_bits(int(part.min()), int(part.max())) for part in (offset, *biases)]
    return LineUnit(
        **stream,
        out_bits=out_bits,
        origin_bits=widths[0],
        slope_bits=max(int(line.slope.max()).bit_length(), 1),
        bias_bits=max(widths[1:]),
        shift=line.shift,
        low=line.low,
        high=line.high,
        two_sided=line.two_sided,
    )


def line_fields(unit: LineUnit, line: Line, offset: np.ndarray) -> np.ndarray:
    """The constants of each channel as bits, lowest first: C, bits of a lane of its words."""
    fields = [(offset, unit.origin_bits), (line.slope, unit.slope_bits)]
    fields += [(each, unit.bias_bits) for each in [line.bias, line.below][: 1 + unit.two_sided]]
    return np.concatenate([bits_of(*each) for each in fields], axis=1)


def start_values(offset: np.ndarray, pixels: int, kind: TensorType) -> tuple[np.ndarray, int]:
    """Where the sums over ``pixels`` pixels begin, and the width of a sum from there to its end.

    ``kind`` is the type of the sums; ``offset`` what each pixel lacks.
    """
    start = offset * pixels
    low, high = int(min(start.min(), kind.low.min())), int(kind.high.max())
    return start, signed_bits(low, high)


def signed_bits(low: int, high: int) -> int:
    """Width in two's complement of all from ``low`` to ``high``, with a sign in any case."""
    return max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1


def score_unit(
    op: ir.ClassScale, sums: TensorType, scores: TensorType, bits: int, raw: bool, cycles: int
) -> ScoreUnit:
    """The unit that makes ``scores`` of ``sums``, which come in ``bits``, whole or ``raw``.

    The smaller one where frames of ``cycles`` leave it the time.
    """
    falling = bool((op.multiplier < 0).any())
    low, high = int(sums.low.min()), int(sums.high.max())
    if falling:  # also minus each sum
        low, high = min(low, -high), max(high, -low)
    unit = ScoreUnit(
        classes=len(op.multiplier),
        sum_bits=bits,
        multiplier_bits=max(int(np.abs(op.multiplier).max()).bit_length(), 1),
        score_bits=scores.bits + (not scores.signed),
        raw=raw,
        whole_bits=signed_bits(low, high) if raw or falling else 0,
        biased=op.bias is not None,
        falling=falling,
    )
    return unit if unit.beats <= cycles else ScorePipelineUnit(**vars(unit))


def score_words(
    unit: ScoreUnit, multiplier: np.ndarray, start: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """The words of constants of ``unit``: bits of shape classes, width, the lowest first.

    Minus a sum is its complement and 1, which the start of a negative multiplier has.
    """
    falling = multiplier < 0
    values = {
        "multiplier": abs(multiplier),
        "falling": falling,
        "start": np.where(falling, 1 - start, start),
        "bias": bias,
    }
    return np.concatenate([bits_of(values[name], n) for name, n in unit.fields.items()], axis=1)


def score_constants(
    unit: ScoreUnit, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Multiplier, start and bias of every class, from its word; 0 where ``unit`` has none."""
    found, low = {}, 0
    for name, size in unit.fields.items():
        found[name] = words[:, low : low + size].astype(np.int64) @ (1 << np.arange(size))
        if name in ("start", "bias"):
            found[name] -= (found[name] >> size - 1) << size
        low += size
    nothing = np.zeros(len(words), np.int64)
    falling, start = found.get("falling", nothing), found.get("start", nothing)
    start = np.where(falling, 1 - start, start)
    return found["multiplier"] * (1 - 2 * falling), start, found.get("bias", nothing)


def result_unit(scores: ScoreUnit, cycles: int) -> ResultUnit:
    """The unit that makes a result of those scores: the label and, of many classes, four more.

    The smaller one where frames of ``cycles`` leave it the time.
    """
    best = BEST if scores.classes >= MANY_CLASSES else 1
    unit = ResultUnit(classes=scores.classes, score_bits=scores.score_bits, best=best)
    return unit if unit.beats <= cycles else ResultChainUnit(**vars(unit))
