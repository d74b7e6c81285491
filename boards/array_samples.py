"""Arrays, and the memories of their parameters, that the cost model is fitted to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fq_hw import ir
from fq_hw.passes.clip_thresholds import clip_thresholds
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import Passes
from fq_hw.schedule.in_turn.stage import InTurn
from fq_hw.schedule.units import ArrayUnit, ParameterUnit

__all__ = ["ARRAYS", "PARAMETERS"]

LAST = "sums"


def residual(channels: int, size: int, blocks: int, scored: bool) -> ir.Graph:
    """A stem and ``blocks`` with shortcuts, the last of twice the channels and a stride of 2.

    The sums behind it are ``scored``, or levels are made of them.
    """
    dice = np.random.default_rng(channels)
    ops: list[ir.Op] = []

    def conv(name: str, source: str, cin: int, cout: int, kernel: int = 3, stride: int = 1) -> str:
        weight = dice.choice(np.array([-1, 1]), (cout, kernel, kernel, cin))
        ops.append(
            ir.Conv(name=name, inputs=(source,), weight=weight, stride=stride,
                    padding=kernel // 2, scale=1.0)
        )  # fmt: skip
        return name

    def levels(name: str, source: str, width: int) -> str:
        rows = np.sort(dice.integers(-9, 9, (width, 3)), axis=1)
        sign = dice.choice(np.array([-1, 1]), width)
        ops.append(ir.Threshold(name=name, inputs=(source,), levels=rows, sign=sign, out_bits=2))
        return name

    table = dice.integers(0, 4, (1, 256, 10))
    ops += [
        ir.Input(name="x", shape=(size, size, 3)),
        ir.Embed(name="pixels", inputs=("x",), table=table, out_bits=2),
    ]
    trunk = conv("stem", "pixels", 30, channels)
    for block in range(blocks):
        last = block == blocks - 1
        width, stride = (2 * channels, 2) if last else (channels, 1)
        act = levels(f"{block}.a", trunk, channels)
        if last:
            trunk = conv("down", act, channels, width, kernel=1, stride=2)
        middle = levels(
            f"{block}.b", conv(f"{block}.first", act, channels, width, stride=stride), width
        )
        second = conv(f"{block}.second", middle, width, width)
        ops.append(ir.Add(name=LAST if last else f"{block}.sum", inputs=(trunk, second)))
        trunk = ops[-1].name
    if scored:
        ops.append(ir.PixelSum(name="total", inputs=(trunk,)))
    else:
        levels("after", trunk, 2 * channels)
    return clip_thresholds(ir.Graph("samples", tuple(ops)))


def stages() -> Iterator[Passes]:
    for columns, pe, simd, depth, levels, channels, size, blocks, scored in (
        (2, 1, 4, 512, None, 8, 8, 1, True), (4, 2, 8, 256, None, 16, 8, 2, True),
        (4, 4, 16, 128, 1, 16, 8, 1, False), (8, 2, 16, 256, None, 16, 32, 3, True),
        (8, 2, 16, 256, None, 32, 16, 8, True), (8, 4, 8, 512, 1, 16, 16, 4, False),
        (2, 8, 8, 512, 2, 32, 8, 2, True), (4, 8, 16, 256, 2, 64, 8, 5, True),
        (8, 8, 16, 256, 2, 32, 16, 3, True), (4, 16, 16, 512, 1, 64, 16, 6, False),
        (8, 4, 32, 128, 2, 64, 8, 2, True), (16, 2, 8, 256, 3, 16, 32, 9, True),
    ):  # fmt: skip
        array = Array(columns=columns, pe=pe, simd=simd, depth=depth, levels_per_stage=levels)
        stage = InTurn(after="pixels", until=LAST, array=array)
        yield Passes(residual(channels, size, blocks, scored), stage, whole=size > 8)


STAGES = tuple(stages())
ARRAYS: tuple[ArrayUnit, ...] = tuple(stage.unit for stage in STAGES)
PARAMETERS: tuple[ParameterUnit, ...] = tuple(
    stage.parameters
    for stage in STAGES
    if stage.parameters.depth > 512  # of less the harness's registers become the block's
)
