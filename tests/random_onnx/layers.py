"""Weights, convolutions, dense layers, affine steps, pools, and nodes that do nothing."""

from __future__ import annotations

import math

import numpy as np
from onnx_models import DOMAIN

from random_onnx.net import Layout, Net, Tensor

__all__ = ["affine", "average", "conv", "dense", "largest", "nothing", "pooled", "weights"]

WINDOWS = ((2, 2), (2, 1), (1, 2), (3, 3), (3, 2))


def weights(
    net: Net, shape: tuple[int, ...], axis: int, scale: float | None = None
) -> tuple[str, float | None, float]:
    """Constants by a quantizer, a scale for all or for each of ``axis``: name, scale, size."""
    kind = net.pick("BipolarQuant", "Quant", "DequantizeLinear")
    each = shape[axis] if scale is None and net.chance(3) else None
    bits = net.pick(1, 2, 3, 4) if kind == "Quant" else 4 if kind == "DequantizeLinear" else 1
    scale = np.float32(net.factor(0.25, each) if scale is None else scale)
    broad = scale
    if each is not None:
        net.trait("weights: scale per channel")
        broad = scale.reshape([-1 if n == axis else 1 for n in range(len(shape))])
    codes = net.dice.normal(size=shape) * max(2 ** (bits - 1) / 2, 1.5)  # seldom all 0
    if net.exact:
        codes = np.round(2 * codes) / 2  # half of them between two codes
    net.trait(f"weights: {kind}" + (f" {bits} bits" if kind == "Quant" else ""))
    if kind == "BipolarQuant":
        name = net.node(kind, net.const(codes), net.const(broad), domain=DOMAIN)
    elif kind == "Quant":
        signed = bits > 1  # of one signed bit qonnx makes -1 and +1
        attributes = {"signed": int(signed), "narrow": int(signed and net.chance())}
        name = net.quant(net.const(codes * broad), bits, broad, **attributes)
    else:
        stored = codes.round().clip(-7, 7).astype(np.int8)
        zero = []
        if net.chance():
            middle = net.dice.integers(-3, 4, scale.shape) if net.chance() else 0 * scale
            net.trait("weights: zero point" if np.any(middle) else "weights: zero point 0")
            zero = [net.const(np.asarray(middle, np.int8))]
        along = {"axis": axis} if each is not None else {}
        name = net.node(kind, net.const(stored), net.const(scale), *zero, **along)
    size = float(np.mean(scale)) * (1 if bits == 1 else 2 ** (bits - 2))
    return name, float(scale) if each is None else None, size


def bias(net: Net, count: int, unit: float | None, spread: float) -> list[str]:
    """No bias, or one constant: plain, quantized to many bits, or stored as int32."""
    kind = net.pick("none", "plain", "Quant 16", "Quant 32", "DequantizeLinear")
    if kind == "none":
        return []
    net.trait(f"bias: {kind}")
    values = net.numbers(spread / 2, count)
    if kind == "plain":
        return [net.const(values)]
    step = unit if unit is not None and net.chance() else float(net.factor(spread / 64))
    if kind == "DequantizeLinear":
        codes = np.round(values / step).astype(np.int32)
        return [net.node(kind, net.const(codes), net.const(np.float32(step)))]
    return [net.quant(net.const(values), float(kind[6:]), np.float32(step))]


def summed(net: Net, x: Tensor, shape: tuple, made: tuple, count: int) -> dict:
    """What is known of sums of ``count`` products."""
    _, scale, size = made
    unit = None if scale is None or x.unit is None else scale * x.unit
    return {"shape": shape, "unit": unit, "spread": size * x.spread * math.sqrt(count),
            "levels": False, "zero": True}  # fmt: skip


def conv(
    net: Net,
    x: Tensor,
    cout: int,
    *,
    kernel: int | None = None,
    stride: int | None = None,
    same: bool = False,
    scale: float | None = None,
) -> Tensor:
    """A convolution; ``same`` keeps the size, for a stride of 1; ``scale`` is of its weights."""
    h, w, cin = x.shape
    free = kernel is stride is scale is None and not same
    if free and net.chance(2):
        return any_conv(net, x, cout)
    pads = same or (x.zero or net.chance(8)) and net.chance()
    if kernel is None:
        fits = [k for k in (3, 1, 2, 5) if k <= min(h, w) + 2 * (k // 2 if pads else 0)]
        kernel = net.pick(*[k for k in fits if not same or k % 2])
    padding = kernel // 2 if pads else 0
    stride = net.pick(1, 2) if stride is None else stride
    made = weights(net, (cout, cin, kernel, kernel), 0, scale)
    if padding and not x.zero:
        net.trait("conv: padding without a zero level")
    net.trait(f"conv: {kernel}x{kernel}" + (f" stride {stride}" if stride > 1 else ""))
    size = tuple((n + 2 * padding - kernel) // stride + 1 for n in (h, w))
    after = summed(net, x, (*size, cout), made, cin * kernel**2)
    attributes = {"kernel_shape": [kernel] * 2} if net.chance() else {}
    more = bias(net, cout, after["unit"], after["spread"])
    name = net.node("Conv", x.name, made[0], *more, strides=[stride] * 2, pads=[padding] * 4,
                    **attributes)  # fmt: skip
    return x.become(name, **after)


def axis(net: Net, size: int, pads: bool, pool: bool = False) -> tuple[int, ...]:
    """Kernel, stride, dilation, padding before and after of windows that fit, and their number.

    Of a ``pool`` onnxruntime wants less padding than the kernel has taps.
    """
    while True:
        kernel, stride, dilation = net.pick(3, 1, 2, 4, 5), net.pick(1, 2, 3), net.pick(1, 1, 2)
        reach = (kernel - 1) * dilation + 1
        most = (kernel if pool else reach) - 1
        before, after = (net.whole(0, most) if pads else 0 for _ in "ba")
        count = (size + before + after - reach) // stride + 1
        if count >= 1:
            return kernel, stride, dilation, before, after, count


def any_conv(net: Net, x: Tensor, cout: int) -> Tensor:
    """A convolution with sides of their own, gaps between taps, and groups."""
    cin = x.shape[2]
    pads = (x.zero or net.chance(8)) and net.chance()
    down, across = (axis(net, size, pads) for size in x.shape[:2])
    groups = net.pick(*[n for n in (1, cin, 2, 3) if cin % n == 0])
    if groups > 1:
        cout = groups if groups == cin and net.chance() else groups * net.pick(1, 2)
        net.trait("conv: " + ("depthwise" if groups == cin == cout else "groups"))
    made = weights(net, (cout, cin // groups, down[0], across[0]), 0)
    for n, trait in enumerate(("kernel", "strides", "dilations", "pads", "pads")):
        if down[n] != across[n]:
            net.trait(f"conv: {trait} of their own")
    after = summed(net, x, (down[5], across[5], cout), made, down[0] * across[0] * cin // groups)
    more = bias(net, cout, after["unit"], after["spread"])
    name = net.node(
        "Conv", x.name, made[0], *more, group=groups, strides=[down[1], across[1]],
        dilations=[down[2], across[2]], pads=[down[3], across[3], down[4], across[4]],
    )  # fmt: skip
    return x.become(name, **after)


def overlapping(net: Net, x: Tensor) -> Tensor:
    """A maximum over windows that overlap, leave gaps, or reach outside."""
    down, across = (axis(net, size, net.chance(), pool=True) for size in x.shape[:2])
    net.trait("pool: overlapping")
    name = net.node(
        "MaxPool", x.name, kernel_shape=[down[0], across[0]], strides=[down[1], across[1]],
        dilations=[down[2], across[2]], pads=[down[3], across[3], down[4], across[4]],
    )  # fmt: skip
    return x.become(name, shape=(down[5], across[5], x.channels))


def dense(net: Net, x: Tensor, cout: int) -> Tensor:
    """MatMul or Gemm on a flat tensor."""
    count = math.prod(x.shape)
    if net.chance():
        made = weights(net, (count, cout), 1)
        net.trait("dense: MatMul")
        after = summed(net, x, (1, 1, cout), made, count)
        return x.become(net.node("MatMul", x.name, made[0]), **after)
    across = net.pick(0, 1)
    made = weights(net, (cout, count) if across else (count, cout), 1 - across)
    after = summed(net, x, (1, 1, cout), made, count)
    more = bias(net, cout, after["unit"], after["spread"])
    if more and net.chance(4):
        more = [net.const(net.numbers(after["spread"], cout)[None])]  # 1,N
    alpha, beta = (net.pick(1.0, 1.0, 2.0, 0.5, -1.0) for _ in "ab")
    if not more:
        beta = 1.0
    net.trait("dense: Gemm" + (" with alpha or beta" if (alpha, beta) != (1, 1) else ""))
    after |= {"unit": after["unit"] and abs(alpha) * after["unit"], "rising": alpha > 0}
    name = net.node("Gemm", x.name, made[0], *more, transB=across, alpha=alpha, beta=beta)
    return x.become(name, **after)


def norm(net: Net, x: Tensor) -> Tensor:
    """BatchNormalization with gains of any sign, and 0."""
    c = x.channels
    size = net.factor(x.spread, c)
    gain = net.factor(0.7, c)
    sign = np.ones(c) if net.chance(3) else net.dice.choice([-1, -1, 1, 1, 0], c)
    for which, text in ((-1, "negative"), (0, "zero")):
        if (sign == which).any():
            net.trait(f"gain: {text}")
    parts = (gain * sign, net.numbers(0.5, c), net.numbers(x.spread / 2, c), size**2)
    epsilon = 0.0 if net.exact else 1e-5
    net.trait("affine: BatchNormalization")
    name = net.node("BatchNormalization", x.name, *(net.const(p) for p in parts), epsilon=epsilon)
    return x.become(name, unit=None, spread=1.0, rising=x.rising and bool((sign > 0).all()))


def step(net: Net, x: Tensor) -> Tensor:
    """Mul, Div, Add or Sub with a constant on either side."""
    kind = net.pick("Mul", "Div", "Add", "Sub")
    single = x.layout is Layout.FLAT and not x.pixel
    each = None if single or net.chance() else x.channels
    net.trait(f"affine: {kind}")
    first = kind != "Div" and net.chance(4)  # the constant
    if kind in ("Add", "Sub"):
        values = net.numbers(x.spread, each or 1)
        sign, size, unit = (-1 if first and kind == "Sub" else 1), 1.0, x.unit
    else:
        values = net.factor(1.0, each or 1)
        signs = net.dice.choice([1, 1, 1, -1], each or 1) if not x.clamped else 1
        sign, size = int(np.min(signs)), float(np.mean(values))
        size = 1 / size if kind == "Div" else size
        values, unit = values * signs, None if each or x.unit is None else x.unit * size
    if sign < 0:
        net.trait("gain: negative")
    other = net.const(np.float32(values[0])) if each is None else net.per_channel(x, values)
    name = net.node(kind, *((other, x.name) if first else (x.name, other)))
    return x.become(name, unit=unit, spread=x.spread * size, rising=x.rising and sign > 0)


def affine(net: Net, x: Tensor, most: int = 2) -> Tensor:
    """Up to ``most`` affine steps per channel."""
    for _ in range(net.whole(0, most)):
        pixel = x.layout is Layout.NCHW or x.layout is Layout.FLAT and x.pixel
        kinds = [norm, step] if pixel and not x.clamped else [step]
        x = net.pick(*kinds)(net, x)
        x = x.become(x.name, levels=False)
    return x


def window(net: Net, x: Tensor) -> tuple[int, int] | None:
    """Windows that fit; None where none does."""
    fits = [k for k in WINDOWS if k[0] <= x.shape[0] and k[1] <= x.shape[1]]
    return net.pick(*fits) if fits and x.layout is Layout.NCHW else None


def pooled(net: Net, x: Tensor, kind: str, kernel: tuple[int, int]) -> Tensor:
    """``kind`` over windows side by side; what fills none is left out."""
    h, w, c = x.shape
    if h % kernel[0] or w % kernel[1]:
        net.trait("pool: rows or columns left out")
    net.trait(f"pool: {kind}")
    name = net.node(kind, x.name, kernel_shape=list(kernel), strides=list(kernel))
    return x.become(name, shape=(h // kernel[0], w // kernel[1], c))


def largest(net: Net, x: Tensor) -> Tensor:
    """A maximum over windows, where one fits."""
    if x.layout is Layout.NCHW and net.chance(3):
        return overlapping(net, x)
    kernel = window(net, x)
    if kernel is not None and not x.rising:
        net.trait("pool: maximum of falling sums")
    return x if kernel is None else pooled(net, x, "MaxPool", kernel)


def average(net: Net, x: Tensor) -> Tensor:
    """An average over windows, where one fits; perhaps cut to fewer bits as Brevitas does."""
    kernel = window(net, x)
    if kernel is None:
        return x
    y = pooled(net, x, "AveragePool", kernel)
    count = kernel[0] * kernel[1]
    if x.levels and x.unit is not None and net.chance(3):
        cut = net.pick(2, 1)
        y = y.become(net.node("Mul", y.name, net.const(float(count))))
        parts = (net.const(v) for v in (np.float32(x.unit), 0.0, 8.0, 8.0 - cut))
        mode = net.pick("FLOOR", "ROUND", "CEIL")
        net.trait("pool: Trunc")
        name = net.node("Trunc", y.name, *parts, domain=DOMAIN, rounding_mode=mode)
        return y.become(name, zero=True, spread=x.spread)
    unit = None if x.unit is None else x.unit / count
    return y.become(y.name, unit=unit, levels=False)


def nothing(net: Net, x: Tensor) -> Tensor:
    """A node that changes no value."""
    kind = net.pick("Identity", "Dropout", "Cast", "Reshape", "Transpose", "Unsqueeze")
    net.trait(f"nothing: {kind}")
    if kind == "Cast":
        return x.become(net.node(kind, x.name, to=1))
    if kind == "Reshape":
        return x.become(net.node(kind, x.name, net.const(np.array(x.dims))))
    if kind == "Transpose":
        if x.layout is Layout.FLAT:
            return x
        ways = ([0, 2, 3, 1], [0, 3, 1, 2]) if x.layout is Layout.NCHW else (
            [0, 3, 1, 2], [0, 2, 3, 1])  # fmt: skip
        return x.become(net.node(kind, net.node(kind, x.name, perm=ways[0]), perm=ways[1]))
    if kind == "Unsqueeze":
        if not x.pixel or x.layout is not Layout.FLAT:
            return x
        axes = net.const(np.array([2, 3]))
        return x.become(net.node(kind, x.name, axes), layout=Layout.NCHW)
    return x.become(net.node(kind, x.name))
