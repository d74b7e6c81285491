"""LeapMind's LmnetV1 of blueoil with 1-bit weights and 2-bit activations: the graph of its weights.

Space-to-depth before a convolution is that convolution with a kernel and a stride twice as large.
The model's last two steps are float: a Relu after the sixth convolution, and the classifier. Here
the former gives 8-bit levels, and the classifier has 12-bit weights with a scale for each class.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fq_hw.errors import ArtifactError, require
from fq_hw.export import class_multipliers, levels_of, norm_of
from fq_hw.foreign.packed import array, signs
from fq_hw.ir import Graph
from fq_hw.layers import Activation
from fq_hw.passes import lower_graph

__all__ = ["KEY", "lmnet"]

KEY = "conv1.conv2d.kernel.sign_packed"
IMAGE = (32, 32, 3)
CONVS = 6
UNFOLDED = (3, 5, 6)  # convolutions behind a space-to-depth
NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
RELU_BITS, WEIGHT_BITS, BIAS_BITS = 8, 12, 40  # of what was float
PEAK = 20.0  # of the last Relu; lower ones clip what ranks the classes


def unfolded(weight: np.ndarray) -> np.ndarray:
    """HWIO weights on channels (dy, dx, c) as weights of twice the height and width on c."""
    h, w, depth, out = weight.shape
    blocks = weight.reshape(h, w, 2, 2, depth // 4, out)
    return blocks.transpose(0, 2, 1, 3, 4, 5).reshape(2 * h, 2 * w, depth // 4, out)


class FloatRelu(Activation):
    """The last Relu with so many levels; ``Activation`` allows only two bits."""

    def __post_init__(self) -> None:
        pass


def kernel_shape(arrays: Mapping[str, np.ndarray], name: str, depth: int) -> tuple[int, ...]:
    """Height, width, channels in and out of a convolution that reads ``depth`` channels."""
    shape = tuple(array(arrays, f"{name}.conv2d.kernel.shape_hwio", (4,)).tolist())
    fits = shape[0] == shape[1] and shape[0] in (1, 3, 5) and shape[2] == depth and shape[3] >= 1
    contract = f"its kernel must be square and odd, and read {depth} channels"
    require(fits, name, contract, shape, kind=ArtifactError)
    return tuple(int(n) for n in shape)


def lmnet(arrays: Mapping[str, np.ndarray]) -> Graph:
    """The network, ready for the golden model."""
    nodes: list[dict[str, object]] = []

    def add(op: str, name: str, **fields: object) -> None:
        inputs = [nodes[-1]["name"]] if nodes else []
        nodes.append({"op": op, "name": name, "inputs": inputs, **fields})

    add("input", "pixels", shape=list(IMAGE))
    epsilon, unit, depth = float(array(arrays, "bn_epsilon", ())), 1 / 255, IMAGE[2]
    for index in range(1, CONVS + 1):
        name = f"conv{index}"
        shape = kernel_shape(arrays, name, depth * (4 if index in UNFOLDED else 1))
        depth = shape[3]
        weight = signs(array(arrays, f"{name}.conv2d.kernel.sign_packed"), shape)
        stride, padding = 1, shape[0] // 2
        if index in UNFOLDED:
            weight, stride, padding = unfolded(weight), 2, 2 * padding
        weight = weight.transpose(3, 0, 1, 2)
        add("conv", name, weight=weight, stride=stride, padding=padding, scale=None)
        norm = {
            f"norm.{ours}": array(arrays, f"{name}.BatchNorm.{theirs}", (depth,))
            for ours, theirs in NORM.items()
        }
        activation = Activation()
        if index == CONVS:
            activation = FloatRelu(bits=RELU_BITS, max_value=PEAK)
        scale = float(array(arrays, f"{name}.conv2d.kernel.scale", ())) * unit
        levels, sign = levels_of(scale, norm_of(norm, "norm", epsilon), activation)
        add("threshold", f"{name}.act", levels=levels, sign=sign, out_bits=activation.bits)
        unit = activation.step
    bias = array(arrays, "conv7.bias").astype(np.float64).reshape(-1)
    kernel = array(arrays, "conv7.kernel", (1, 1, depth, len(bias)))
    kernel = kernel[0, 0].T.astype(np.float64)  # classes, channels
    top = np.abs(kernel).max(axis=1)
    contract = "every class needs a weight that is not 0"
    require((top > 0).all(), "array 'conv7.kernel'", contract, kind=ArtifactError)
    steps = 2 ** (WEIGHT_BITS - 1) - 1
    weight = np.rint(kernel / top[:, None] * steps).astype(np.int16)
    add("conv", "conv7", weight=weight[:, None, None], stride=1, padding=0, scale=None)
    add("pixel_sum", "sum")
    pixels = 16  # over which the model takes the mean
    multiplier, _ = class_multipliers(top)
    contract = "the largest weights of two classes must not be 65,536 times apart"
    ends = (float(top.min()), float(top.max()))
    require(multiplier.all(), "array 'conv7.kernel'", contract, ends, kind=ArtifactError)
    worth = (unit * top / steps / pixels / multiplier).mean()
    bias = np.rint(bias / worth)
    contract = f"must be below 2**{BIAS_BITS} times what the scores count in"
    fits = np.abs(bias).max() < 2**BIAS_BITS
    require(fits, "array 'conv7.bias'", contract, float(worth), kind=ArtifactError)
    bias = bias.astype(np.int64)
    add("class_scale", "scores", multiplier=multiplier, bias=bias)
    add("argmax", "label")
    return lower_graph(Graph.from_nodes("lmnet-w1a2", nodes))
