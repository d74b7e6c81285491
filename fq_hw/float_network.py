"""The record of a float convolutional network: what fixed-point search takes, layer by layer.

A layer reads the layer before it unless it names its inputs, so a plain network is a plain list
and branches need no other form. Norm, then ReLU, belong to the convolution that they follow: the
norm is folded into it after training, and the ReLU is the lower end of its quantizer.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fq_hw.errors import GraphError, one_of, require
from fq_hw.layers import (
    MOST_CHANNELS,
    MOST_LAYER_WEIGHTS,
    MOST_VALUES,
    check_ends,
    check_eps,
    check_range,
)

__all__ = ["IMAGE", "FloatNetwork", "FloatNode", "Layer", "Op", "Padding", "array_shapes", "nodes"]

IMAGE = "image"  # the name by which layers read the input


class Op(enum.Enum):
    """What a layer does."""

    CONV = "conv"
    DENSE = "dense"
    MAX_POOL = "max-pool"
    AVERAGE_POOL = "average-pool"
    GLOBAL_MAX_POOL = "global-max-pool"
    ADD = "add"
    CONCAT = "concat"


class Padding(enum.Enum):
    """Zeros around the input of a convolution, half a kernel wide, or none."""

    SAME = "same"
    VALID = "valid"


WEIGHTED = (Op.CONV, Op.DENSE)
JOINS = (Op.ADD, Op.CONCAT)
POOLS = (Op.MAX_POOL, Op.AVERAGE_POOL)
MOST_LAYERS = 1000
MOST_INPUTS = 64
MOST_KERNEL = MOST_STRIDE = 255


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer; fields that its ``op`` has no use for keep their defaults.

    Fields  op: what it does; padding: of a convolution
            name: by default the op and its number, such as ``conv3``
            inputs: names of the layers it reads, or ``image``; by default the layer before
            width: output channels of a convolution or dense layer
            kernel, stride: of a convolution (odd kernel) or pool (stride 0: the kernel, no overlap)
            norm, relu: follow a convolution or dense layer in this order; relu also an addition
    """

    op: Op
    name: str | None = None
    inputs: tuple[str, ...] = ()
    width: int = 0
    kernel: int = 0
    stride: int = 0
    padding: Padding = Padding.SAME
    norm: bool = False
    relu: bool = False

    def __post_init__(self) -> None:
        op, where = self.op, f"layer {self.name or self.op.value!r}"
        sized = op in (Op.CONV, *POOLS)
        if op in WEIGHTED:
            check_range(self.width, MOST_CHANNELS, where, "width")
        if op is Op.CONV:
            odd = self.kernel >= 1 and self.kernel % 2 == 1
            require(odd, where, "kernel must be odd", self.kernel)
        if op in POOLS:
            require(self.kernel >= 2, where, "kernel must be at least 2", self.kernel)
        if op is Op.AVERAGE_POOL:
            power = self.kernel & (self.kernel - 1) == 0
            contract = "kernel must be a power of two, so that the division is a shift"
            require(power, where, contract, self.kernel)
        contract = f"kernel must be at most {MOST_KERNEL}"
        require(self.kernel <= MOST_KERNEL, where, contract, self.kernel)
        fits = 0 <= self.stride <= MOST_STRIDE
        require(fits, where, f"stride must be in 0..{MOST_STRIDE}", self.stride)
        few = len(self.inputs) <= MOST_INPUTS
        require(few, where, f"inputs must be at most {MOST_INPUTS}", len(self.inputs))
        foreign = {
            "width": self.width != 0 and op not in WEIGHTED,
            "kernel": self.kernel != 0 and not sized,
            "stride": self.stride != 0 and not sized,
            "padding": self.padding is Padding.VALID and op is not Op.CONV,
            "norm": self.norm and op not in WEIGHTED,
            "relu": self.relu and op not in (*WEIGHTED, Op.ADD),
        }
        unknown = [name for name, given in foreign.items() if given]
        contract = f"{op.value} does not take {', '.join(unknown)}"
        require(not unknown, where, contract, hint="leave it out")

    @property
    def steps(self) -> int:
        """Pixels between two outputs."""
        return self.stride or (self.kernel if self.op in POOLS else 1)


@dataclass(frozen=True, kw_only=True)
class FloatNode:
    """A layer in its place: ``layer`` with its name, what it reads, and what comes out.

    Fields  index: number of the layer, which its arrays are named by
            kernel: height and width of the window; a dense layer's is its whole input
            pad: zeros on each side
            inputs: names; shapes: H,W,C of each of them; shape: H,W,C of the output
    """

    index: int
    name: str
    layer: Layer
    inputs: tuple[str, ...]
    shapes: tuple[tuple[int, int, int], ...]
    kernel: tuple[int, int]
    pad: int
    shape: tuple[int, int, int]

    @property
    def op(self) -> Op:
        """What it does."""
        return self.layer.op

    @property
    def weighted(self) -> bool:
        """Whether it has weights and biases."""
        return self.op in WEIGHTED

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """O,C,KH,KW of its weights."""
        return (self.shape[2], self.shapes[0][2], *self.kernel)


@dataclass(frozen=True, kw_only=True)
class FloatNetwork:
    """A float network of the layers above; the pixels it reads are uint8 / 256.

    Fields  name: stands in the names of files and in tables; image: height, width, colours
            classes: number of scores, the width of the last layer; layers: first to last
            norm_eps: added to the variance of every norm
    """

    name: str
    image: tuple[int, int, int]
    classes: int
    layers: tuple[Layer, ...]
    norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        where = f"float network {self.name!r}"
        check_ends(self, where)
        check_eps(self.norm_eps, where)
        require(self.layers, where, "layers must hold at least one layer", self.layers)
        check_range(len(self.layers), MOST_LAYERS, where, "the number of layers")
        found = list(nodes(self))
        last = found[-1]
        scores = last.weighted and not last.layer.relu and last.shape == (1, 1, self.classes)
        contract = f"the last layer must give {self.classes} scores: conv or dense without relu"
        require(scores, where, contract, (last.name, last.shape), kind=GraphError)
        read = {name for node in found for name in node.inputs}
        lost = [node.name for node in found[:-1] if node.name not in read]
        contract, hint = f"no layer reads {', '.join(lost)}", "remove it, or name it as an input"
        require(not lost, where, contract, hint=hint, kind=GraphError)


def nodes(network: FloatNetwork) -> Iterator[FloatNode]:
    """The layers in order, with names, inputs and shapes.

    Raises GraphError for a name that is taken or unknown, and for shapes that do not fit.
    """
    shapes: dict[str, tuple[int, int, int]] = {IMAGE: network.image}
    counts: dict[Op, int] = {}
    before = IMAGE
    for index, layer in enumerate(network.layers):
        counts[layer.op] = counts.get(layer.op, 0) + 1
        name = layer.name or f"{layer.op.value}{counts[layer.op]}"
        where = f"float network {network.name!r}, layer {name!r}"
        plain = re.fullmatch(r"\w[\w+-]{,99}", name)
        contract = "name must be 1 to 100 letters, digits and _ + -"
        require(plain, where, contract, name, kind=GraphError)
        require(name not in shapes, where, "must have a name of its own", name, kind=GraphError)
        inputs = layer.inputs or (before,)
        for one in inputs:
            one_of(one, shapes, where, "inputs must be layers before it", kind=GraphError)
        count = len(inputs)
        fits = count >= 2 if layer.op in JOINS else count == 1
        wanted = "two or more inputs" if layer.op in JOINS else "one input"
        require(fits, where, f"needs {wanted}", list(inputs), kind=GraphError)
        given = tuple(shapes[i] for i in inputs)
        kernel, pad, shape = window(layer, given, where)
        check_range(shape[2], MOST_CHANNELS, where, "channels")
        check_range(math.prod(shape), MOST_VALUES, where, "values of its output")
        weights = math.prod((*kernel, given[0][2], shape[2])) if layer.op in WEIGHTED else 1
        check_range(weights, MOST_LAYER_WEIGHTS, where, "weights")
        shapes[name] = shape
        yield FloatNode(
            index=index,
            name=name,
            layer=layer,
            inputs=inputs,
            shapes=given,
            kernel=kernel,
            pad=pad,
            shape=shape,
        )
        before = name


def window(layer: Layer, shapes: tuple, where: str) -> tuple[tuple[int, int], int, tuple]:
    """Kernel, padding and output shape H,W,C of ``layer`` on inputs of ``shapes``."""
    h, w, c = shapes[0]
    if layer.op in JOINS:
        same = {s if layer.op is Op.ADD else s[:2] for s in shapes}
        require(
            len(same) == 1, where, "inputs must have the same shape", list(shapes), kind=GraphError
        )
        width = c if layer.op is Op.ADD else sum(s[2] for s in shapes)
        return (1, 1), 0, (h, w, width)
    if layer.op in (Op.DENSE, Op.GLOBAL_MAX_POOL):
        return (h, w), 0, (1, 1, layer.width or c)
    pad = layer.kernel // 2 if layer.op is Op.CONV and layer.padding is Padding.SAME else 0
    rows, columns = ((n + 2 * pad - layer.kernel) // layer.steps + 1 for n in (h, w))
    fits = rows >= 1 and columns >= 1
    require(fits, where, f"kernel must fit its input of {h} x {w}", layer.kernel, kind=GraphError)
    return (layer.kernel, layer.kernel), pad, (rows, columns, layer.width or c)


def array_shapes(network: FloatNetwork) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array that a checkpoint of ``network`` holds."""
    shapes: dict[str, tuple[int, ...]] = {}
    for node in nodes(network):
        if not node.weighted:
            continue
        shapes[f"layers.{node.index}.conv.weight"] = node.weight_shape
        width = (node.shape[2],)
        if node.layer.norm:
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"layers.{node.index}.norm.{part}"] = width
        else:
            shapes[f"layers.{node.index}.conv.bias"] = width
    return shapes
