"""Units behind the last convolution: sums over pixels, scores."""

from __future__ import annotations

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.schedule.units import (
    Beat,
    PixelSumUnit,
    ResultChainUnit,
    ResultUnit,
    ScorePipelineUnit,
    ScoreUnit,
    Unit,
)
from fq_hw.schedule.words import score_words
from sim.results import result_beats
from sim.vectors import Vectors, make, noise, pack

__all__ = ["UNITS"]


def pixel_sum(
    channels: int, lanes: int, pixels: int, in_bits: int, sum_bits: int, **more: bool
) -> PixelSumUnit:
    return PixelSumUnit(
        channels=channels,
        pixels=pixels,
        lanes=lanes,
        in_bits=in_bits,
        sum_bits=sum_bits,
        **more,
    )


@make.register
def _(unit: PixelSumUnit, dice, frames) -> Vectors:
    most = (2**unit.in_bits - 1) * unit.pixels
    low, high = -(2 ** (unit.sum_bits - 1)), 2 ** (unit.sum_bits - 1) - 1 - most
    start = dice.integers(low, high + 1, unit.channels)
    start[0] = low
    start *= not unit.levels
    x = noise(dice, unit.i, frames, unit.pixels, unit.slices * unit.lanes)
    sums = evaluate(ir.PixelSum(name="sum"), x[:, None]).reshape(frames, -1)
    sums[:, : unit.channels] += start
    come = x.reshape(frames, unit.pixels, unit.slices, unit.lanes)
    come = come.swapaxes(1, 2) if unit.planar else come
    return Vectors(
        i={"i": pack(come, unit.in_bits)},
        o={"o": pack(sums.reshape(-1, unit.lanes), unit.sum_bits)},
        frames=frames,
        contents=None if unit.levels else start,
    )


def score(
    classes: int, sum_bits: int, multiplier_bits: int, whole_bits: int = 0, *, raw: bool = False,
    biased: bool = False, falling: bool = False, kind: type[ScoreUnit] = ScoreUnit,
) -> ScoreUnit:  # fmt: skip
    return kind(
        classes=classes, sum_bits=sum_bits, multiplier_bits=multiplier_bits,
        score_bits=max(whole_bits, sum_bits) + multiplier_bits + biased,
        raw=raw, whole_bits=whole_bits, biased=biased, falling=falling,
    )  # fmt: skip


@make.register
def _(unit: ScoreUnit, dice, frames) -> Vectors:
    frames, most = 5 * frames, 2**unit.multiplier_bits
    multiplier = dice.integers(0, most, unit.classes)
    multiplier[0] = most - 1
    if unit.falling:
        multiplier *= dice.choice(np.array([-1, 1]), unit.classes)
        multiplier[1] = 1 - most
    sums = noise(dice, unit.i, frames, 1, 1, unit.classes)
    sums[0] = 0
    room = 2 ** (unit.whole_bits - 1) - 2**unit.sum_bits if unit.raw else 0
    start = dice.integers(-room, room + 1, unit.classes)
    bias = noise(dice, Beat(lanes=1, bits=unit.score_bits - 1, signed=True), unit.classes)
    bias *= unit.biased
    scale = ir.ClassScale(name="scale", multiplier=multiplier, bias=bias)
    scores = evaluate(scale, sums + start)
    words = score_words(unit, multiplier, start, bias)
    return Vectors(
        i={
            "i": pack(sums.reshape(-1, 1), unit.sum_bits),
            "i_constant": pack(words, 1) * frames,
        },
        o={"o": pack(scores.reshape(-1, 1), unit.score_bits)},
        frames=frames,
    )


@make.register
def _(unit: ResultUnit, dice, frames) -> Vectors:
    frames = 5 * frames
    scores = noise(dice, unit.i, frames, unit.classes)  # many are as low or as high as can be
    scores[0] = scores[0, 0]
    scores[1] = -np.abs(scores[1] // 2) - 1
    beats = [beat for row in scores for beat in result_beats(row, unit)]
    return Vectors(
        i={"i": pack(scores.reshape(-1, 1), unit.score_bits)}, o={"o": tuple(beats)}, frames=frames
    )


UNITS: dict[str, Unit] = {
    "sum_fold_1": pixel_sum(3, 3, pixels=5, in_bits=4, sum_bits=9),
    "sum_folds": pixel_sum(5, 2, pixels=6, in_bits=4, sum_bits=9),
    "sum_planar": pixel_sum(5, 2, pixels=6, in_bits=4, sum_bits=9, planar=True),
    "sum_planar_pixel": pixel_sum(4, 2, pixels=1, in_bits=4, sum_bits=6, planar=True),
    "sum_levels": pixel_sum(5, 2, pixels=6, in_bits=4, sum_bits=7, levels=True),
    "sum_levels_serial": pixel_sum(6, 1, pixels=2, in_bits=2, sum_bits=3, levels=True),
    "sum_serial": pixel_sum(4, 1, pixels=3, in_bits=6, sum_bits=9),
    "sum_pixel": pixel_sum(4, 2, pixels=1, in_bits=4, sum_bits=6),
    "sum_beat": pixel_sum(1, 1, pixels=1, in_bits=4, sum_bits=6),
    "score_1": score(1, sum_bits=5, multiplier_bits=1),
    "score_2": score(2, sum_bits=6, multiplier_bits=3),
    "score_5": score(5, sum_bits=6, multiplier_bits=4),
    "score_biased": score(4, sum_bits=6, multiplier_bits=3, biased=True),
    "score_falling": score(4, sum_bits=6, multiplier_bits=3, whole_bits=7, falling=True),
    "score_raw": score(4, sum_bits=6, multiplier_bits=3, whole_bits=8, raw=True),
    "score_raw_falling": score(
        5, sum_bits=4, multiplier_bits=3, whole_bits=6, raw=True, falling=True, biased=True
    ),
    "score_wide": score(
        3, sum_bits=20, multiplier_bits=24, whole_bits=21, biased=True, falling=True
    ),
    "score_10": score(10, sum_bits=8, multiplier_bits=7),
    "scores_piped": score(7, sum_bits=6, multiplier_bits=1, kind=ScorePipelineUnit),
    "scores_piped_raw": score(
        5, sum_bits=4, multiplier_bits=1, whole_bits=6, raw=True, kind=ScorePipelineUnit
    ),
    "scores_piped_biased": score(
        4, sum_bits=6, multiplier_bits=1, biased=True, kind=ScorePipelineUnit
    ),
    "scores_piped_all": score(
        5,
        sum_bits=4,
        multiplier_bits=3,
        whole_bits=6,
        raw=True,
        falling=True,
        biased=True,
        kind=ScorePipelineUnit,
    ),  # fmt: skip
    "result_1": ResultUnit(classes=1, score_bits=4),
    "result_2": ResultUnit(classes=2, score_bits=1),
    "result_5": ResultUnit(classes=5, score_bits=3),
    "result_best_2": ResultUnit(classes=5, score_bits=3, best=2),
    "result_best_all": ResultUnit(classes=3, score_bits=2, best=3),
    "result_best_5": ResultUnit(classes=11, score_bits=3, best=5),
    "result_chain_1": ResultChainUnit(classes=1, score_bits=4),
    "result_chain_5": ResultChainUnit(classes=5, score_bits=3),
    "result_chain_all": ResultChainUnit(classes=3, score_bits=2, best=3),
    "result_chain_best_5": ResultChainUnit(classes=11, score_bits=3, best=5),
}
