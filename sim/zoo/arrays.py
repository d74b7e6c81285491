"""Arrays that compute small networks in turn, and the parameters that they are given."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.golden.ops import evaluate
from fq_hw.passes.clip_thresholds import clip_thresholds
from fq_hw.schedule.in_turn.geometry import Array, Pass
from fq_hw.schedule.in_turn.lower import Passes
from fq_hw.schedule.in_turn.stage import InTurn
from fq_hw.schedule.units import ArrayUnit, Beat, FoldBufferUnit, ParameterUnit, Replay, Unit
from sim.vectors import Beats, Vectors, in_lanes, make, noise, pack

__all__ = ["UNITS"]


def network(width: int, strided: bool, size: tuple[int, int], planar: bool) -> ir.Graph:
    """Levels, a convolution, a block with a shortcut, whose sums are added up, or convolved."""
    dice = np.random.default_rng(width)

    def conv(name: str, source: str, cin: int, kernel: int, stride: int = 1) -> ir.Conv:
        weight = dice.choice(np.array([-1, 1]), (width, kernel, kernel, cin))
        return ir.Conv(name=name, inputs=(source,), weight=weight, stride=stride,
                       padding=kernel // 2, scale=1.0)  # fmt: skip

    def levels(name: str, source: str) -> ir.Threshold:
        rows = np.sort(dice.integers(-9, 9, (width, 3)), axis=1)
        sign = dice.choice(np.array([-1, 1]), width)
        return ir.Threshold(name=name, inputs=(source,), levels=rows, sign=sign, out_bits=2)

    table = dice.integers(0, 4, (1, 256, 5))
    stride = 2 if strided else 1
    ops = [
        ir.Input(name="x", shape=(*size, 1)),
        ir.Embed(name="levels", inputs=("x",), table=table, out_bits=2),
        conv("stem", "levels", 5, 3),
        levels("a", "stem"),
        conv("narrow", "a", width, 1),
        levels("b", "narrow"),
        conv("square", "b", width, 3, stride),
    ]
    if strided:  # a shortcut that reads what another reads without a stride
        ops += [conv("short", "a", width, 1, stride)]
    ops += [ir.Add(name="sum", inputs=("square", "short" if strided else "stem"))]
    if planar:
        ops += [ir.PixelSum(name="total", inputs=("sum",))]
    else:
        ops += [levels("after", "sum"), conv("last", "after", width, 1)]
        ops += [ir.PixelSum(name="total", inputs=("last",))]
    return clip_thresholds(ir.Graph("zoo", tuple(ops)))


CASES = {  # width, strided, image, planar, tensor before, array; the last tensor where not "sum"
    "array_identity": (4, False, (3, 5), False, "levels", Array(columns=4, pe=2, simd=4, depth=64)),
    "array_strided": (3, True, (3, 6), True, "levels", Array(columns=2, pe=1, simd=2, depth=128)),
    "array_sums_in": (5, False, (4, 3), True, "stem", Array(columns=2, pe=4, simd=4, depth=64)),
    "array_stages": (6, True, (5, 4), False, "levels",
                     Array(columns=4, pe=2, simd=8, depth=64, levels_per_stage=1)),
    "array_halved": (4, False, (2, 5), False, "levels", Array(columns=4, pe=2, simd=4, depth=64)),
    "array_halved_gives": (3, True, (2, 4), True, "levels",
                           Array(columns=2, pe=1, simd=2, depth=128, levels_per_stage=2)),
    "array_halved_once": (4, False, (2, 5), False, "levels",  # it takes longer to come in
                          Array(columns=4, pe=2, simd=2, depth=64)),
    "array_spilled": (5, False, (3, 5), False, "levels",  # more PE, columns than there is to do
                      Array(columns=4, pe=2, simd=4, depth=128, levels_per_stage=1)),
    "array_spilled_strided": (3, True, (4, 6), False, "levels",
                              Array(columns=2, pe=1, simd=2, depth=128)),
}  # fmt: skip
LAST = {"array_halved_once": "stem", "array_spilled": "last", "array_spilled_strided": "last"}
SPILLED = {name: Beat(lanes=3, bits=8) for name in CASES if "spilled" in name}
HALVED = {"array_halved", "array_halved_gives", "array_halved_once"}


@functools.cache
def passes(name: str) -> Passes:
    """The stage of a case; sums that come in lack the least that they can be."""
    width, strided, size, planar, after, array = CASES[name]
    graph = network(width, strided, size, planar)
    stage = InTurn(after=after, until=LAST.get(name, "sum"), array=array)
    low = graph.types[after].low.astype(np.int64)
    return Passes(graph, stage, low, in_bits=6, whole=strided, halved=name in HALVED)


@functools.cache
def array(name: str) -> ArrayUnit:
    """The unit of a case."""
    unit, outside = passes(name).unit, SPILLED.get(name)
    if outside is None:
        return unit
    return replace(unit, outside=outside, trunk_depth=unit.GROUPS * unit.array.columns)


def trunk_beats(unit: ArrayUnit, step: Pass, raw: np.ndarray) -> Beats:
    """Sums of a pass as beats of a trunk outside: by frame, fold, row, group, column."""
    frames, height, width, channels = raw.shape
    across, pe = step.groups * unit.array.columns, unit.array.pe
    padded = np.zeros((frames, height, across, step.folds * pe), np.int64)
    padded[:, :, :width, :channels] = raw
    words = padded.reshape(frames, height, across, step.folds, pe).transpose(0, 3, 1, 2, 4)
    return pack(words.reshape(-1, pe), unit.trunk_bits)


def trunk(
    stage: Passes, unit: ArrayUnit, outside: Beat, raw: Mapping[str, np.ndarray]
) -> tuple[Beats, Beats, Beats]:
    """What comes from a trunk outside, what goes there, and which of its bits may be any."""
    came, gone, held = [], [], ""
    for step, tensors in zip(unit.passes, stage.inside, strict=True):
        if step.add:
            came.append((step, raw[held]))
        if step.keep:
            held = tensors.sums
            gone.append((step, raw[held]))
    used = [(step, np.full_like(x, 2**unit.trunk_bits - 1)) for step, x in gone]

    def frames(rows: list) -> Beats:
        parts = (
            trunk_beats(unit, step, x[frame : frame + 1])
            for frame in range(len(raw[held]))
            for step, x in rows
        )
        return tuple(beat for part in parts for beat in part)

    any_bits = tuple(2**outside.width - 1 - beat for beat in frames(used))
    return frames(came), frames(gone), any_bits


@make.register
def _(unit: ArrayUnit, dice, frames) -> Vectors:
    frames = min(frames, 2)  # each takes long
    name = next(name for name in CASES if array(name) == unit)
    stage = passes(name)
    x = noise(dice, unit.i, frames, *unit.shape_in)
    after = stage.stage.after
    tensors = {after: x + stage.laid.offsets.get(after, 0)}
    for op in stage.laid.ops:
        tensors[op.name] = evaluate(op, *(tensors[name] for name in op.inputs))
    until = stage.stage.until
    raw = tensors[until] - stage.laid.offsets[until]
    unused = in_lanes(np.ones_like(raw), unit.o.lanes) == 0
    out = in_lanes(raw, unit.o.lanes)
    if unit.planar:
        out, unused = (
            np.moveaxis(lanes, 3, 1).reshape(frames, lanes.shape[3], -1, unit.o.lanes)[
                :, :, unit.pixel_order
            ]
            for lanes in (out, unused)
        )
    words = np.array(pack(stage.words, 1), object)[stage.parameters.order()]
    i, o = {"i": pack(in_lanes(x, unit.i.lanes), unit.i.bits)}, {"o": pack(out, unit.o.bits)}
    ignore = {"o": pack(unused * (2**unit.o.bits - 1), unit.o.bits)}
    if unit.outside is not None:
        raw = {name: tensors[name] - offset for name, offset in stage.laid.offsets.items()}
        i["i_trunk"], o["o_trunk"], ignore["o_trunk"] = trunk(stage, unit, unit.outside, raw)
    return Vectors(
        i=i | {"i_parameter": tuple(words.tolist()) * frames},
        o=o,
        ignore=ignore,
        late={"i_parameter": unit.i_parameter.late},
        frames=frames,
    )


@make.register
def _(unit: ParameterUnit, dice, frames) -> Vectors:
    bits = dice.integers(0, 2, (unit.depth, unit.width)).astype(np.uint8)
    words = np.array(pack(bits, 1), object)[unit.order()]
    return Vectors(
        i={}, o={"o": tuple(words.tolist()) * frames}, late={"o": unit.late}, contents=bits
    )


@make.register
def _(unit: FoldBufferUnit, dice, frames) -> Vectors:
    beats = dice.integers(0, 2**unit.beat_bits, (frames, unit.depth, unit.beats_in))
    words = (beats.astype(object) << np.arange(unit.beats_in) * unit.beat_bits).sum(axis=-1)
    return Vectors(
        i={"i": tuple(beats.ravel().tolist())},
        o={"o": tuple(int(word) % 2**unit.width for word in words[:, unit.order()].ravel())},
        late={"o": unit.late},
        frames=frames,
    )


def replay(words: int, folds: int, times: int) -> Replay:
    return Replay(words=words, folds=folds, times=times)


UNITS: dict[str, Unit] = {
    **{name: array(name) for name in CASES},
    "parameters": ParameterUnit(
        width=9, header=2, late=1, replays=(replay(3, 2, 3), replay(0, 3, 1), replay(1, 1, 4))
    ),
    "fold_buffer": FoldBufferUnit(
        width=9,
        header=2,
        late=2,
        beat_bits=4,
        places=8,
        replays=(replay(3, 2, 3), replay(0, 3, 1), replay(1, 1, 4)),
    ),
    "fold_buffer_full": FoldBufferUnit(
        width=5, header=1, late=1, beat_bits=8, places=4, replays=(replay(3, 2, 1), replay(1, 3, 2))
    ),
    "parameters_once": ParameterUnit(width=33, header=1, late=2, replays=(replay(2, 1, 1),)),
}
