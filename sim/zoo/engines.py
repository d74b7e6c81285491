"""Engines that work on each channel by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.schedule.planes import depthwise_codes
from fq_hw.schedule.units import DepthwiseUnit, Unit, WindowPoolUnit
from fq_hw.schedule.units.engine import EngineUnit
from sim.vectors import Beats, Vectors, make, noise, pack, with_blanks

__all__ = ["UNITS"]


def taps(unit: EngineUnit, x: np.ndarray, blank: np.ndarray) -> Beats:
    """Levels pixels,taps,C, and which taps are blank, as an engine takes them, tap by tap."""
    groups = len(x) // unit.columns
    cut = x.reshape(groups, unit.columns, unit.sf, unit.nf, unit.pe).transpose(0, 3, 2, 1, 4)
    blanks = blank.reshape(groups, 1, unit.columns, unit.sf).swapaxes(2, 3)
    blanks = np.repeat(blanks, unit.nf, axis=1)
    lanes = cut.reshape(*cut.shape[:3], -1)
    return with_blanks(lanes, unit.act_bits, blanks[..., : unit.i.blanks])


def given(unit: EngineUnit, y: np.ndarray) -> Beats:
    """What an engine makes, pixels,C, as it gives it."""
    groups = len(y) // unit.columns
    cut = y.reshape(groups, unit.columns, unit.nf, unit.pe).swapaxes(1, 2)
    return pack(cut.reshape(groups, unit.nf, -1), unit.raw_bits)


def seen(unit: EngineUnit, dice, frames: int, outside: int) -> tuple[np.ndarray, ...]:
    """Levels of windows; which of their taps are blank; the levels that these count as."""
    x = noise(dice, unit.i, frames * unit.pixels, unit.sf, unit.cout)
    blank = (dice.random(x.shape[:2]) < 0.3) & unit.padded
    if unit.sf > 1:
        blank[:, 0] = False  # a window has a place inside the image
    return x, blank, np.where(blank[..., None], outside, x)


@make.register
def _(unit: DepthwiseUnit, dice, frames) -> Vectors:
    x, blank, levels = seen(unit, dice, frames, unit.pad_level)
    shape = unit.cout, 1, unit.taps, 1
    if unit.weight_bits == 1:
        weight = dice.choice(np.array([-1, 1]), shape)
    else:
        most = 2 ** (unit.weight_bits - 1)
        weight = dice.integers(-most, most, shape)
        weight[0], weight[-1] = -most, most - 1  # the least and the largest sum there are
    levels[0], blank[0], x[0] = 2**unit.act_bits - 1, False, 2**unit.act_bits - 1
    op = ir.Conv(name="conv", weight=weight, stride=1, padding=0, scale=None, groups=unit.cout)
    sums = evaluate(op, levels[:, None]).reshape(len(x), -1)
    codes, bits = depthwise_codes(op)
    assert bits == unit.weight_bits
    offset = (1 - 2**unit.act_bits) * codes.sum(axis=1) if bits == 1 else -unit.start
    words = codes.reshape(unit.nf, unit.pe, unit.taps).swapaxes(1, 2)
    return Vectors(
        i={
            "i": taps(unit, x, blank),
            "i_weight": pack(words, bits) * (len(x) // unit.columns),
        },
        o={"o": given(unit, sums - offset)},
        late={"i": unit.i.late, "i_weight": unit.i_weight.late},
        frames=frames,
    )


@make.register
def _(unit: WindowPoolUnit, dice, frames) -> Vectors:
    x, blank, _ = seen(unit, dice, frames, 0)
    sign = dice.choice(np.array([-1, 1]), unit.cout) if unit.signed else None
    rises = np.ones(unit.cout) if sign is None else sign
    keys = np.where(blank[..., None], -np.inf, x * rises)  # what is outside does not count
    best = (keys.max(axis=1) * rises).astype(int)
    return Vectors(
        i={"i": taps(unit, x, blank)},
        o={"o": given(unit, best)},
        late={"i": unit.i.late},
        frames=frames,
        contents=sign,
    )


def depthwise(cout: int, pe: int, taps: int, weight_bits: int, **more: Any) -> DepthwiseUnit:
    return DepthwiseUnit(
        cout=cout, pe=pe, taps=taps, weight_bits=weight_bits,
        **{"pixels": 4, "act_bits": 2, **more},
    )  # fmt: skip


def pool(cout: int, pe: int, taps: int, **more: Any) -> WindowPoolUnit:
    return WindowPoolUnit(cout=cout, pe=pe, taps=taps, **{"pixels": 4, "act_bits": 3, **more})


UNITS: dict[str, Unit] = {
    "depthwise": depthwise(4, 2, 9, 1, padded=True),
    "depthwise_whole": depthwise(3, 3, 9, 1),
    "depthwise_tap": depthwise(4, 1, 1, 1, padded=True),
    "depthwise_taps_2": depthwise(2, 1, 2, 3),
    "depthwise_columns": depthwise(6, 2, 9, 1, columns=2, padded=True, pad_level=1),
    "depthwise_bits": depthwise(4, 2, 9, 4, act_bits=4, padded=True, pad_level=7),
    "depthwise_bits_8": depthwise(2, 2, 6, 8, act_bits=8),
    "depthwise_bits_tap": depthwise(4, 4, 1, 2, columns=2),
    "depthwise_dsp": depthwise(4, 2, 9, 8, act_bits=8, padded=True, pad_level=7, dsp=True),
    "depthwise_dsp_tap": depthwise(3, 3, 1, 8, act_bits=8, columns=2, dsp=True),
    "depthwise_dsp_pairs": depthwise(
        4, 2, 9, 8, act_bits=4, columns=3, pixels=6, padded=True, dsp=True
    ),
    "depthwise_long": depthwise(2, 1, 25, 2, padded=True),
    "window_pool": pool(4, 2, 9, padded=True),
    "window_pool_whole": pool(3, 3, 4),
    "window_pool_signed": pool(6, 2, 9, padded=True, signed=True),
    "window_pool_signed_fast": pool(4, 2, 2, padded=True, signed=True),
    "window_pool_columns": pool(4, 2, 6, columns=2, padded=True),
    "window_pool_tap": pool(4, 2, 1, signed=True),
}
