"""The strategy: a whole model, from the image to the scores or the class."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fq_hw.foreign.pixels import PIXELS, PixelRange
from random_onnx.joins import block
from random_onnx.layers import affine, conv, dense, nothing
from random_onnx.net import Layout, Net, Tensor
from random_onnx.quantizers import activation, quantizer

__all__ = ["Drawn", "models", "number", "shrunk"]

passed: set[bytes] = set()  # the simplest model comes before each
MOST_FLAT = 200  # inputs of a dense layer
SPREAD = {PixelRange.UNIT: 0.5, PixelRange.SIGNED: 0.7, PixelRange.BYTE: 100.0}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A model, how it sees pixels, and what is in it."""

    model: onnx.ModelProto
    pixels: PixelRange
    traits: tuple[str, ...]
    dims: tuple[int, ...]  # of the image in ONNX
    last: bool  # whether the image has its channels last
    scores: str  # the tensor whose largest value is the class
    exact: bool  # whether nothing in it is rounded by float32

    def __repr__(self) -> str:
        nodes = "\n".join(
            f"  {', '.join(n.output)} = {n.op_type}({', '.join(n.input)})"
            for n in self.model.graph.node
        )
        return f"Drawn(pixels={self.pixels.value}, dims={self.dims}, traits={self.traits})\n{nodes}"


@st.composite
def models(draw, blocks: int = 3, side: int = 12, bits: int = 8) -> Drawn:
    """Small quantized networks: up to ``blocks`` blocks on images of up to ``side`` pixels.

    Behind sums quantizers have up to ``bits`` bits.
    """
    net = Net(draw, bits)
    x = head(net, side)
    last = "image: N,H,W,C" in net.traits
    for _ in range(net.pick(*range(1, blocks + 1), 0)):
        x = block(net, x)
    x = scored(net, scores(net, x))
    out = end(net, x)
    net.trait(f"pixels: {net.pixels.value}")
    return Drawn(model=net.model(out, net.opset), pixels=net.pixels, dims=tuple(net.shape),
                 traits=tuple(sorted(net.traits)), last=last, scores=x.name,
                 exact=net.exact)  # fmt: skip


def head(net: Net, side: int) -> Tensor:
    """The image in one of its layouts, mostly quantized."""
    h, w, c = net.whole(1, side), net.whole(1, side), net.pick(3, 1, 2, 4)
    layout = net.pick(*[Layout.NCHW] * 5, Layout.NHWC, Layout.NHWC, Layout.FLAT)
    if layout is Layout.FLAT:
        h, w, c = 1, 1, net.whole(1, 4 * side)
    pixels = PIXELS[net.pixels]
    x = Tensor(name="image", shape=(h, w, c), layout=layout, unit=float(pixels.scale), levels=True,
               spread=SPREAD[net.pixels], zero=pixels.zero == 0)  # fmt: skip
    net.shape = x.dims
    net.trait(f"image: {layout.value}")
    if layout is not Layout.FLAT:
        odd = {n % 2 for n in (h, w)} == {1}
        net.trait(f"image: {'odd sides' if odd else 'an even side'}")
        net.trait(f"image: {c} channels")
    if layout is Layout.NHWC:
        early = net.chance(3)
        x = quantizer(net, x) if early else x
        name = net.node("Transpose", x.name, perm=[0, 3, 1, 2])
        x = x.become(name, layout=Layout.NCHW)
    if x.unit == float(pixels.scale) and net.chance(3):
        net.trait("image: raw pixels")
        return x
    return quantizer(net, affine(net, x, 1)) if net.chance(3) else quantizer(net, x)


def flattened(net: Net, x: Tensor) -> Tensor:
    """All values of the image in a row."""
    if x.layout is Layout.FLAT:
        return x
    if x.layout is Layout.NCHW and net.chance(4):
        net.trait("flatten: behind a Transpose")
        x = x.become(net.node("Transpose", x.name, perm=[0, 2, 3, 1]), layout=Layout.NHWC)
    kind = net.pick("Flatten", "Reshape", "Squeeze")
    if kind == "Squeeze" and not x.pixel:
        kind = "Flatten"
    net.trait(f"flatten: {kind}")
    if kind == "Flatten":
        name = net.node(kind, x.name, axis=net.pick(1, -3))
    elif kind == "Reshape":
        target = net.pick([1, -1], [0, -1], [1, math.prod(x.shape)], [-1, math.prod(x.shape)])
        name = net.node(kind, x.name, net.const(np.array(target)))
    else:
        axes = [2, 3] if x.layout is Layout.NCHW else [1, 2]
        name = net.node(kind, x.name, net.const(np.array(axes)))
    return x.become(name, layout=Layout.FLAT)


def whole_image(net: Net, x: Tensor) -> Tensor:
    """One value for each channel: a global pool."""
    kind = net.pick("GlobalAveragePool", "ReduceMean", "GlobalMaxPool")
    net.trait(f"pool: {kind}")
    if kind == "GlobalMaxPool" and not x.rising:
        net.trait("pool: maximum of falling sums")
    changes = {"shape": (1, 1, x.channels)}
    if kind != "GlobalMaxPool":
        unit = x.unit and x.unit / (x.shape[0] * x.shape[1])
        changes |= {"unit": unit, "levels": False}
    if kind != "ReduceMean":
        return x.become(net.node(kind, x.name), **changes)
    keep = net.pick(1, 0)
    axes = net.pick([2, 3], [-2, -1])
    given = {"axes": axes} if net.opset < 18 else {}  # later an input
    more = [] if given else [net.const(np.array(axes))]
    name = net.node(kind, x.name, *more, **given, keepdims=keep)
    return x.become(name, layout=x.layout if keep else Layout.FLAT, **changes)


def scores(net: Net, x: Tensor) -> Tensor:
    """Levels or sums of one pixel, a channel for each class."""
    classes = 1 if net.chance(25) else net.pick(3, 2, 4, 5)  # a lone one has no label
    net.trait(f"classes: {classes if classes == 1 else 'several'}")
    spatial = x.layout is Layout.NCHW
    if x.unit is None:
        x = quantizer(net, x)
    kinds = ["dense"] if math.prod(x.shape) <= MOST_FLAT else []
    kinds += ["mean of a convolution", "pool, then dense"] if spatial else []
    kinds += ["levels"] if spatial and x.channels > 1 else []
    kind = net.pick(*(kinds or ["dense"]))
    net.trait(f"end: {kind}")
    if kind == "mean of a convolution":
        return whole_image(net, conv(net, x, classes, kernel=1, stride=1))
    if kind == "levels":
        return whole_image(net, x) if not x.pixel else x
    if kind == "pool, then dense":
        x = whole_image(net, x)
        x = x if x.levels else quantizer(net, x)
    if net.chance(4):
        x = nothing(net, x)
    x = flattened(net, x)
    if net.chance(4):
        y = activation(net, affine(net, dense(net, x, net.whole(1, 5)), 1))
        x = quantizer(net, y)
    return dense(net, x, classes)


def scored(net: Net, x: Tensor) -> Tensor:
    """The scores as they are, or after affine steps or in a row."""
    if net.chance(3):
        x = affine(net, x)
        if not x.rising:
            net.trait("end: falling scores")
    return flattened(net, x) if x.layout is Layout.NCHW and net.chance() else x


def end(net: Net, x: Tensor) -> str:
    """A function that keeps the ranking, and the class; the output's name."""
    axis = {Layout.NCHW: (1, -3), Layout.NHWC: (3, -1), Layout.FLAT: (1, -1)}[x.layout]
    kind = net.pick("none", "Softmax", "LogSoftmax", "Sigmoid", "Tanh")
    if kind != "none":
        net.trait(f"end: {kind}")
        more = {} if kind in ("Sigmoid", "Tanh") else {"axis": net.pick(*axis)}
        x = x.become(net.node(kind, x.name, **more))
    label = net.pick("none", "ArgMax", "TopK")
    if label == "none":
        return x.name
    net.trait(f"end: {label}")
    if label == "ArgMax":
        return net.node(label, x.name, axis=net.pick(*axis), keepdims=net.pick(1, 0))
    best = net.node(label, x.name, net.const(np.array([1])), axis=net.pick(*axis))
    net.nodes[-1].output.append(f"{best}_label")
    return f"{best}_label"


def shrunk(index: int, check: Callable[[Drawn], None], **how: int) -> None:
    """Check drawn model ``index``; where it fails, find the smallest that fails, and raise that."""

    def once(drawn: Drawn) -> None:
        key = drawn.model.SerializeToString()
        if key not in passed:
            check(drawn)
            passed.add(key)

    run(index, once, (Phase.generate, Phase.shrink), **how)


def number(index: int, **how: int) -> Drawn:
    """Model ``index`` of an endless row, each drawn for itself."""
    found: list[Drawn] = []
    run(index, found.append, (Phase.generate,), **how)
    return found[-1]


def run(index: int, check: Callable[[Drawn], None], phases: tuple[Phase, ...], **how: int) -> None:
    """One random example; hypothesis puts the simplest of all before it."""

    @seed(index)
    @settings(max_examples=2, phases=phases, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(models(**how))
    def example(drawn: Drawn) -> None:
        check(drawn)

    example()
