"""The units of a pool whose windows overlap, or lie partly outside the image."""

from __future__ import annotations

import math

from fq_hw.ir import MaxPool
from fq_hw.schedule.folding import divisors
from fq_hw.schedule.units import WindowPoolUnit, WindowUnit

__all__ = ["pool_parts"]


def pool_parts(
    op: MaxPool, shape: tuple[int, int, int], bits: int, most_cycles: int
) -> tuple[WindowUnit, WindowPoolUnit]:
    """Lines of its own, and what takes the largest, for a tensor H,W,C of u<bits>.

    Each beat has so many channels that a frame takes no more cycles than it may, and so many
    windows side by side where all channels are not enough.
    """
    down, across = op.axes
    h, w, channels = shape
    pixels, taps = down.count(h) * across.count(w), math.prod(op.kernel)
    ways = [(lanes, 1) for lanes in divisors(channels)]
    ways += [(channels, columns) for columns in divisors(across.count(w))]
    cycles = (pixels // columns * (channels // lanes) * taps for lanes, columns in ways)
    fits = (way for way, need in zip(ways, cycles, strict=True) if need <= most_cycles)
    lanes, columns = next(fits, ways[-1])
    window = WindowUnit(
        height=h,
        width=w,
        channels=channels,
        lanes=lanes,
        in_bits=bits,
        down=down,
        across=across,
        repeats=1,
        columns=columns,
        channel_parts=channels // lanes,
    )
    largest = WindowPoolUnit(
        cout=channels,
        taps=taps,
        pixels=pixels,
        pe=lanes,
        act_bits=bits,
        columns=columns,
        padded=window.padded,
        signed=op.sign is not None and bool((op.sign < 0).any()),
    )
    return window, largest
