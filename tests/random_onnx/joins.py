"""Branches that meet: sums of two or three tensors, and concatenations of two to four."""

from __future__ import annotations

from random_onnx.layers import affine, average, conv, largest, nothing, pooled
from random_onnx.moves import move
from random_onnx.net import Layout, Net, Tensor
from random_onnx.quantizers import activation, quantizer

__all__ = ["block"]


def padded(net: Net, x: Tensor) -> int:
    """A kernel for a convolution that keeps the size; seldom one that pads where 0 is no level."""
    return net.pick(3, 1) if x.zero or net.chance(8) else 1


def branch(net: Net, x: Tensor, cout: int, step: float, stride: int = 1) -> Tensor:
    """One or two convolutions, in the end levels worth ``step``."""
    y = x
    if net.chance(3):
        y = quantizer(net, conv(net, y, net.whole(1, 3), kernel=1, stride=1))
    y = conv(net, y, cout, kernel=padded(net, y), stride=stride, same=True)
    return quantizer(net, activation(net, affine(net, y, 1)), step)


def residual(net: Net, x: Tensor) -> Tensor:
    """Two or three branches summed, perhaps each at half the size, and quantized."""
    kind = net.pick("skip", "twice", "both convolutions", "three", "down", "sums")
    unit = x.unit or float(net.factor(x.spread / 2))
    net.trait(f"join: Add, {kind}")
    if x.name == "image":
        net.trait("join: from the image")
    if kind == "twice":
        return ended(net, x, net.node("Add", x.name, x.name), 2 * x.spread, 2 * unit)
    if kind == "sums":
        return of_sums(net, x)
    stride = 2 if kind == "down" else 1
    cout = x.channels if kind in ("skip", "three") else net.whole(1, 4)
    ratio = 2.0 ** net.pick(0, 1, -1, 2)
    if kind != "three" and net.chance(4):
        ratio = float(net.factor(1.0))
        net.trait("join: scales of their own")
    elif ratio != 1:
        net.trait("join: scales differ by a power of two")
    parts = [branch(net, x, cout, unit * ratio, stride)]
    skip = x
    if kind in ("both convolutions", "down"):
        skip = branch(net, x, cout, unit, stride)
    elif x.unit is None or net.chance(3):
        skip = quantizer(net, x, unit)
    parts.append(skip)
    if kind == "three":
        parts.append(branch(net, x, cout, unit))
    if net.chance():
        parts.reverse()
    name, total = parts[0].name, parts[0]
    for part in parts[1:]:
        way = net.pick("Add", "Add", "Sub")
        if way == "Sub":
            net.trait("join: Sub")
        name = net.node(way, name, part.name)
    spread = sum(part.spread for part in parts)
    return ended(net, total, name, spread, min(unit, unit * ratio))


def of_sums(net: Net, x: Tensor) -> Tensor:
    """Two convolutions summed before any quantizer."""
    cout, scale = net.whole(1, 3), float(net.factor(0.25))
    ways = {"kernel": padded(net, x), "stride": 1, "same": True, "scale": scale}
    a, b = (conv(net, x, cout, **ways) for _ in "ab")
    return ended(net, a, net.node("Add", a.name, b.name), a.spread + b.spread, None)


def ended(net: Net, x: Tensor, name: str, spread: float, unit: float | None) -> Tensor:
    """Behind the sum: affine steps, a Relu, a quantizer."""
    y = x.become(name, spread=spread, unit=unit, levels=False)
    y = affine(net, y, 1)
    return quantizer(net, activation(net, y))


def joined(net: Net, x: Tensor) -> Tensor:
    """Two to four branches beside each other: Fire, Inception, or halves that a pool makes."""
    h, w, _ = x.shape
    step = x.unit or float(net.factor(x.spread / 2))
    halves = h % 2 == 0 and w % 2 == 0 and net.chance()
    if halves:
        parts = [halved(net, x, step) for _ in range(net.whole(2, 3))]
    else:
        parts = [wide(net, x, step) for _ in range(net.whole(2, 4))]
    net.trait(f"join: Concat of {len(parts)}")
    name = net.node("Concat", *(part.name for part in parts), axis=net.pick(1, -3))
    channels = sum(part.channels for part in parts)
    spread = max(part.spread for part in parts)
    levels = all(part.levels for part in parts)
    zero = all(part.zero for part in parts)
    rising = all(part.rising for part in parts)
    shape = (*parts[0].shape[:2], channels)
    y = x.become(name, shape=shape, spread=spread, levels=levels, zero=zero, rising=rising,
                 unit=step if levels else None)  # fmt: skip
    return y if levels and net.chance() else quantizer(net, activation(net, affine(net, y, 1)))


def wide(net: Net, x: Tensor, step: float) -> Tensor:
    """A branch of the same size: convolutions, the tensor itself, or sums not yet quantized."""
    kind = net.pick("branch", "branch", "itself", "sums")
    cout = net.whole(1, 3)
    if kind == "itself" and x.unit is not None:
        return x if net.chance() else nothing(net, x)
    if kind == "sums" and net.chance():
        net.trait("join: Concat of sums")
        return affine(net, conv(net, x, cout, kernel=padded(net, x), stride=1, same=True), 1)
    return branch(net, x, cout, step)


def halved(net: Net, x: Tensor, step: float) -> Tensor:
    """A branch of half the size: a pool, or a convolution of stride 2."""
    kind = net.pick("convolution", "MaxPool", "AveragePool")
    if kind == "convolution":
        return branch(net, x, net.whole(1, 3), step, 2)
    net.trait("join: Concat with a pool")
    y = pooled(net, x, kind, (2, 2))
    if kind == "AveragePool":
        return quantizer(net, y.become(y.name, levels=False), step)
    return y if x.unit is not None else quantizer(net, y, step)


def block(net: Net, x: Tensor) -> Tensor:
    """Levels from levels: a layer, a pool, a join, or a quantizer once more."""
    if x.layout is not Layout.NCHW or x.unit is None:
        return quantizer(net, activation(net, affine(net, x)))
    kind = net.pick("layer", "Add", "Concat", "pool", "layer", "Add", "Concat", "again", "nothing",
                    "move", "move")  # fmt: skip
    if kind == "move":
        return move(net, x)
    if kind == "pool":
        y = net.pick(largest, average)(net, x)
        return y if y.levels else quantizer(net, activation(net, affine(net, y, 1)))
    if kind == "Add":
        return residual(net, x)
    if kind == "Concat":
        return joined(net, x)
    if kind == "again":
        return quantizer(net, activation(net, affine(net, x)))
    if kind == "nothing":
        return nothing(net, x)
    return layer(net, x)


def layer(net: Net, x: Tensor) -> Tensor:
    """A convolution, what stands behind it, a quantizer."""
    y = affine(net, conv(net, x, net.whole(1, 4)))
    if net.chance(6):
        net.trait("move: sums")
        y = move(net, y.become(y.name, unit=None))
    y = activation(net, y)
    if net.chance(4) and not y.turns:
        y = largest(net, y)
    elif not y.clamped and net.chance(4):
        y = average(net, y)
    return quantizer(net, y)
