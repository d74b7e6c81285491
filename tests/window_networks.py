"""Networks drawn at random: windows of any kind, grouped and depthwise convolutions, pools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.ir import Axis
from fq_hw.ir.axis import sides
from fq_hw.passes import lower_graph

__all__ = ["network"]


def axis(dice: np.random.Generator, size: int) -> Axis:
    """Windows that fit a side of ``size``."""
    while True:
        kernel, stride, dilation = (
            int(dice.choice(n)) for n in ([1, 2, 3, 3, 4], [1, 1, 2], [1, 1, 2])
        )
        found = Axis(kernel=kernel, stride=stride, dilation=dilation)
        before, after = (int(n) for n in dice.integers(0, found.reach, 2))
        found = replace(found, before=before, after=after)
        if found.count(size) >= 1:
            return found


def network(
    dice: np.random.Generator, widths: range = range(1, 4), largest: tuple[int, ...] = (1, 1, 3)
) -> ir.Graph:
    """Layers of random kinds, each behind the last: levels of so many bits, weights so large."""
    height, width, colours = dice.integers(3, 8), dice.integers(3, 9), dice.choice([1, 2])
    bits, most = int(dice.integers(widths.start, widths.stop)), int(dice.choice(largest))
    table = dice.integers(0, 2**bits, (1, 256, int(dice.integers(1, 4))))
    ops: list[ir.Op] = [
        ir.Input(name="x", shape=(height, width, colours)),
        ir.Embed(name="levels", inputs=("x",), table=table, out_bits=bits),
    ]

    def shape() -> tuple[int, int, int]:
        types: dict[str, ir.TensorType] = {}
        for op in ops:
            types[op.name] = ir.infer(op, *(types[name] for name in op.inputs))
        return types[ops[-1].name].shape

    def conv(name: str, cout: int, down: Axis, across: Axis, groups: int = 1) -> None:
        size = cout, down.kernel, across.kernel, shape()[2] // groups
        weight = dice.choice([-1, 1], size) if most == 1 else dice.integers(-most, most + 1, size)
        weight.flat[0] = most
        ops.append(ir.Conv(
            name=name, inputs=(ops[-1].name,), weight=weight, scale=None, groups=groups,
            pad_level=int(dice.integers(0, 2**bits)), **sides(down, across),
        ))  # fmt: skip

    for layer in range(int(dice.integers(1, 4))):
        h, w, c = shape()
        down, across = axis(dice, h), axis(dice, w)
        kind = dice.choice(["conv", "depthwise", "groups", "pool"])
        if kind == "pool" and (down.blind(h) or across.blind(w)):
            kind = "conv"
        source = ops[-1].name
        if kind == "pool":
            sign = dice.choice([-1, 1], c) if dice.random() < 0.5 else None
            ops.append(ir.MaxPool(
                name=f"pool{layer}", inputs=(source,), kernel=(down.kernel, across.kernel),
                sign=sign, **sides(down, across),
            ))  # fmt: skip
            continue
        groups = {
            "conv": 1,
            "depthwise": c,
            "groups": int(dice.choice([g for g in (1, 2, 3) if c % g == 0])),
        }
        cout = c if kind == "depthwise" else groups[kind] * int(dice.integers(1, 4))
        conv(f"{kind}{layer}", cout, down, across, groups[kind])
        ends = max(6, most)
        rows = np.sort(dice.integers(-ends, ends + 1, (cout, 2**bits - 1)), axis=1)
        ops.append(ir.Threshold(
            name=f"levels{layer}", inputs=(ops[-1].name,), levels=rows,
            sign=dice.choice([-1, 1], cout), out_bits=bits,
        ))  # fmt: skip
    conv("last", 3, Axis(kernel=1), Axis(kernel=1))
    ops += [
        ir.PixelSum(name="sum", inputs=("last",)),
        ir.ClassScale(name="scores", inputs=("sum",), multiplier=np.array([3, 2, 5])),
        ir.ArgMax(name="label", inputs=("scores",)),
    ]
    return lower_graph(ir.Graph("drawn", tuple(ops)))
