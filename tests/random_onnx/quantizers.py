"""Quantizers of activations, and what may stand right before them."""

from __future__ import annotations

import math

import numpy as np
from onnx_models import DOMAIN

from random_onnx.layers import step
from random_onnx.net import Layout, Net, Tensor

__all__ = ["activation", "quantizer"]

MODES = ("ROUND", "HALF_EVEN", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
BITS = (2, 3, 4, 1, 5, 2, 3, 8)
SQUASHING = ("Erf", "HardSigmoid", "Sigmoid", "Softsign", "Tanh")  # to about 1
RISING = (*SQUASHING, "Celu", "Elu", "LeakyRelu", "PRelu", "Selu", "Softplus")
TURNING = {"Abs": 13, "HardSwish": 14, "Mish": 18, "Gelu": 20, "Swish": 24}  # since which opset


def activation(net: Net, x: Tensor) -> Tensor:
    """Nothing, or a function that only a quantizer behind it makes an integer."""
    kind = net.pick("none", "Relu", "Clip", "ReLU6", "HardTanh", "Clip of one side", "Sign", "two",
                    "function", "gated", "two functions")  # fmt: skip
    if kind == "none":
        return x
    net.trait(f"clamp: {kind}")
    if kind == "gated":  # as exporters write SiLU, HardSwish and others
        gate = net.node(net.pick(*SQUASHING), x.name)
        name = net.node("Mul", *net.pick((x.name, gate), (gate, x.name)))
        return x.become(name, clamped=True, levels=False, turns=True)
    if kind in ("function", "two functions"):
        x = function(net, x)
        return function(net, step(net, x)) if kind == "two functions" else x
    if kind == "two":
        kind, name = "Clip", net.node("Relu", x.name)
        x = x.become(name, clamped=True)
    if kind in ("Relu", "Sign"):
        name = net.node(kind, x.name)
        spread = x.spread if kind == "Relu" else 1.0
        return x.become(name, clamped=True, levels=False, spread=spread)
    ends = {
        "Clip": [float(v) for v in sorted(net.numbers(x.spread, 2))],
        "ReLU6": [0.0, 6.0],
        "HardTanh": [-1.0, 1.0],
        "Clip of one side": net.pick([0.0, None], [None, float(net.numbers(x.spread, 1)[0])]),
    }[kind]
    inputs = ["" if end is None else net.const(np.float32(end)) for end in ends]
    name = net.node("Clip", x.name, *(inputs if inputs[1] else inputs[:1]))
    return x.become(name, clamped=True, levels=False)


def function(net: Net, x: Tensor) -> Tensor:
    """One that is no line; what it is called is what it is."""
    turning = [kind for kind, since in TURNING.items() if since <= net.opset]
    kind = net.pick(*RISING, *turning, "Neg")
    net.trait(f"function: {kind}")
    if kind == "PRelu":
        single = x.layout is Layout.FLAT and not x.pixel or net.chance()
        slopes = net.factor(0.25, 1 if single else x.channels)
        name = net.node(
            kind, x.name, net.const(slopes[0]) if single else net.per_channel(x, slopes)
        )
    elif kind in ("Celu", "Elu", "LeakyRelu", "HardSigmoid") and net.chance():
        name = net.node(kind, x.name, alpha=float(net.factor(0.25)))
    else:
        name = net.node(kind, x.name)
    spread = 1.0 if kind in SQUASHING else x.spread
    return x.become(name, clamped=True, levels=False, spread=spread, unit=None,
                    turns=x.turns or kind in TURNING)  # fmt: skip


def quantizer(net: Net, x: Tensor, unit: float | None = None) -> Tensor:
    """Levels of ``x``; worth ``unit`` each where that is given."""
    kinds = [quant, bipolar, thresholds, qcdq] if unit is None else [quant, qcdq]
    if x.layout is Layout.FLAT and not x.pixel:
        kinds = [kind for kind in kinds if kind is not thresholds]
    y = net.pick(*kinds)(net, x, unit)
    return y.become(y.name, levels=True, rising=True, clamped=False, turns=False)


def step_for(net: Net, x: Tensor, bits: int, signed: bool) -> float:
    """A scale that makes good use of the codes."""
    codes = 2 ** (bits - 1) if signed else 2**bits
    return float(net.factor(2 * x.spread / codes))


def quant(net: Net, x: Tensor, step: float | None) -> Tensor:
    """A Quant node of any attributes."""
    bits, signed = net.widths(x, *BITS), net.pick(0, 1)
    narrow = 0 if bits == 1 else net.pick(0, 1)
    mode = net.pick(*MODES)
    step = step_for(net, x, bits, signed) if step is None else step
    low = -(2 ** (bits - 1)) + narrow if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    origin = float(net.whole(low, high)) if net.chance(4) else 0.0
    one = bits == 1 and signed  # qonnx executes it as -1 or +1, whatever the mode
    if one:
        net.trait("quantizer: Quant of one signed bit")
        low, high = -1, 1
    net.trait(f"rounding: {mode}")
    net.trait(f"quantizer: {'signed' if signed else 'unsigned'}{' narrow' if narrow else ''}")
    net.trait(f"bits: {bits}")
    if origin:
        net.trait("quantizer: zero point")
    name = net.quant(x.name, bits, np.float32(step), origin, signed=signed, narrow=narrow,
                     rounding_mode=mode)  # fmt: skip
    if net.chance(6):
        net.nodes[-1].op_type = "IntQuant"  # its other name
    zero = (origin in (-1, 1)) if one else low <= origin <= high
    size = step * max(abs(low - origin), abs(high - origin)) / 2
    return x.become(name, unit=(2 if one else 1) * step, zero=zero, spread=size)


def bipolar(net: Net, x: Tensor, step: None) -> Tensor:
    scale = float(net.factor(0.5))
    net.trait("quantizer: BipolarQuant")
    name = net.node("BipolarQuant", x.name, net.const(np.float32(scale)), domain=DOMAIN)
    return x.become(name, unit=2 * scale, zero=False, spread=scale)


def thresholds(net: Net, x: Tensor, step: None) -> Tensor:
    """MultiThreshold with rows for all channels or each."""
    count = net.pick(3, 1, 2, 7, 5, 15)
    rows = net.pick(1, x.channels)
    edges = np.sort(np.stack([net.numbers(x.spread, count) for _ in range(rows)]), axis=1)
    scale = float(net.factor(0.5))
    shift = net.pick(0, -(count // 2), 0.5) * scale
    bits = math.ceil(abs(shift) + scale * count).bit_length()
    kind = net.pick(f"INT{bits + 1}", "FLOAT32" if shift < 0 else f"UINT{bits}")
    layout = {Layout.NCHW: "NCHW", Layout.NHWC: "NHWC", Layout.FLAT: "NC"}[x.layout]
    given = x.layout is Layout.NHWC and rows > 1 or net.chance()
    net.trait("quantizer: MultiThreshold")
    name = net.node("MultiThreshold", x.name, net.const(edges), domain=DOMAIN, out_scale=scale,
                    out_bias=shift, out_dtype=kind,
                    data_layout=layout if given else "")  # fmt: skip
    low = -shift / scale
    zero = low.is_integer() and 0 <= low <= count
    return x.become(name, unit=scale, zero=zero, spread=scale * count / 2)


def qcdq(net: Net, x: Tensor, step: float | None) -> Tensor:
    """QuantizeLinear, perhaps a Clip, DequantizeLinear."""
    kind = net.pick(np.int8, np.uint8)
    signed = kind is np.int8
    bits = net.widths(x, 4, 3, 8)
    step = step_for(net, x, bits, signed) if step is None else step
    origin = net.pick(0, 1, -2 if signed else 2) if net.chance(3) else 0
    bare = origin == 0 and signed is False and net.chance()  # uint8 is ONNX's default
    net.trait("quantizer: QuantizeLinear" + (" without zero point" if bare else ""))
    if origin:
        net.trait("quantizer: zero point")
    parts = [net.const(np.float32(step))] + ([] if bare else [net.const(kind(origin))])
    name = net.node("QuantizeLinear", x.name, *parts)
    low, high = (-128, 127) if signed else (0, 255)
    if bits < 8:
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        name = net.node("Clip", name, *(net.const(kind(end)) for end in (low, high)))
    name = net.node("DequantizeLinear", name, *parts)
    net.trait(f"bits: {bits}")
    size = step * max(abs(low - origin), abs(high - origin)) / 2
    return x.become(name, unit=step, zero=low <= origin <= high, spread=size)
