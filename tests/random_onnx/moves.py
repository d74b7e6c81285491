"""Nodes that only move numbers: slices, splits, shuffles, padding, resizing, blocks."""

from __future__ import annotations

import numpy as np

from random_onnx.net import Net, Tensor

__all__ = ["move"]

MOST = 8  # of a side that is made larger


def ints(net: Net, *values: int) -> str:
    return net.const(np.array(values))


def move(net: Net, x: Tensor) -> Tensor:
    """One or two of them, on an image N,C,H,W."""
    for _ in range(net.pick(1, 1, 2)):
        kinds = [sliced, gathered, split, resized, shuffled]
        kinds += [padded] if x.levels and (x.zero or net.chance(4)) else []
        kinds += [deeper] * 3 if x.shape[0] % 2 == x.shape[1] % 2 == 0 else []
        kinds += [shallower] if x.channels % 4 == 0 and max(x.shape[:2]) <= MOST else []
        x = net.pick(*kinds)(net, x)
    return x


def sliced(net: Net, x: Tensor) -> Tensor:
    """Of rows, columns or channels, by any step."""
    net.trait("move: Slice")
    axis = net.pick(1, 2, 3)
    shape = [x.channels, *x.shape[:2]]
    size = shape[axis - 1]
    start, step = net.whole(0, size - 1), net.pick(1, 2, 3)
    end = net.pick(size, 99, -1) if start < size - 1 else 99
    count = len(range(size)[start:end:step])
    shape[axis - 1] = count
    parts = [ints(net, value) for value in (start, end, net.pick(axis, axis - 4), step)]
    name = net.node("Slice", x.name, *parts)
    return x.become(name, shape=(*shape[1:], shape[0]))


def gathered(net: Net, x: Tensor) -> Tensor:
    """Channels in any order."""
    net.trait("move: Gather")
    order = [net.whole(0, x.channels - 1) for _ in range(net.whole(1, 5))]
    name = net.node("Gather", x.name, ints(net, *order), axis=net.pick(1, -3))
    return x.become(name, shape=(*x.shape[:2], len(order)))


def split(net: Net, x: Tensor) -> Tensor:
    """Two parts of the channels, which change places."""
    if x.channels < 2:
        return x
    net.trait("move: Split")
    first = net.whole(1, x.channels - 1)
    second = net.node("Split", x.name, ints(net, first, x.channels - first), before=1, axis=1)
    return x.become(net.node("Concat", second, f"{second}_0", axis=1))


def resized(net: Net, x: Tensor) -> Tensor:
    """Larger by whole factors, or smaller."""
    h, w, c = x.shape
    factors = net.pick(2, 1), net.pick(2, 1, 3)
    if max(h, w) > MOST:
        factors = 1, 1
    net.trait("move: Resize")
    size = h * factors[0], w * factors[1]
    given = ["", ints(net, 1, c, *size)] if net.chance() else [net.const([1.0, 1.0, *factors])]
    mode = net.pick("asymmetric", "half_pixel")
    nearest = "floor" if mode == "asymmetric" else "round_prefer_floor"
    name = net.node("Resize", x.name, "", *given, coordinate_transformation_mode=mode,
                    nearest_mode=nearest)  # fmt: skip
    return x.become(name, shape=(*size, c))


def shuffled(net: Net, x: Tensor) -> Tensor:
    """Groups of channels, as PyTorch's code shuffles them."""
    h, w, c = x.shape
    groups = net.pick(*[n for n in (2, 3, 1) if c % n == 0])
    net.trait("move: shuffle")
    y = net.node("Reshape", x.name, ints(net, 1, groups, c // groups, h, w))
    y = net.node("Transpose", y, perm=[0, 2, 1, 3, 4])
    return x.become(net.node("Reshape", y, ints(net, 1, c, h, w)))


def padded(net: Net, x: Tensor) -> Tensor:
    """Rows, columns and channels of 0."""
    net.trait("move: Pad")
    around = [[net.pick(0, 1, 2) if axis else net.pick(0, 0, 1) for axis in range(3)] for _ in "ba"]
    sizes = [n + sum(both) for n, *both in zip((x.channels, *x.shape[:2]), *around, strict=True)]
    name = net.node("Pad", x.name, ints(net, 0, *around[0], 0, *around[1]))
    return x.become(name, shape=(*sizes[1:], sizes[0]))


def deeper(net: Net, x: Tensor) -> Tensor:
    """Blocks of pixels as channels, in ONNX's order or PyTorch's."""
    h, w, c = (x.shape[0] // 2, x.shape[1] // 2, x.channels)
    net.trait("move: SpaceToDepth")
    if not net.chance(3):
        name = net.node("SpaceToDepth", x.name, blocksize=2)
    else:
        y = net.node("Reshape", x.name, ints(net, 1, c, h, 2, w, 2))
        y = net.node("Transpose", y, perm=[0, 1, 3, 5, 2, 4])
        name = net.node("Reshape", y, ints(net, 1, 4 * c, h, w))
    return x.become(name, shape=(h, w, 4 * c))


def shallower(net: Net, x: Tensor) -> Tensor:
    h, w, c = x.shape
    net.trait("move: DepthToSpace")
    name = net.node("DepthToSpace", x.name, blocksize=2, mode=net.pick("DCR", "CRD"))
    return x.become(name, shape=(2 * h, 2 * w, c // 4))
