"""A fixed-point network: which tensors it has, their formats and codes, what follows from them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import ArtifactError, require
from fq_hw.fixed.format import Format, quantize, real, requantize
from fq_hw.fixed.merge_norms import Merged
from fq_hw.float_network import IMAGE, FloatNetwork, FloatNode, Op, nodes
from fq_hw.rounding import compensated

__all__ = [
    "PIXEL",
    "FixedNetwork",
    "Known",
    "Role",
    "Tensor",
    "bias_codes",
    "from_float",
    "tensors",
    "weight_codes",
]

PIXEL = Format(9, 8)  # uint8 / 256: eight bits and no sign; never searched


class Role(enum.Enum):
    """What a tensor is to its layer."""

    WEIGHT = "weight"
    BIAS = "bias"
    ACTIVATION = "activation"


@dataclass(frozen=True)
class Tensor:
    """A tensor that has a format of its own: what it is to the layer of that name."""

    layer: str
    role: Role

    def __str__(self) -> str:
        return f"{self.layer}.{self.role.value}"


def tensors(network: FloatNetwork) -> Iterator[Tensor]:
    """Every tensor with a format, weights first, then biases, then activations, input to output.

    Maxima keep the format of what they read, and the last layer gives raw sums.
    """
    found = list(nodes(network))
    for role in (Role.WEIGHT, Role.BIAS):
        for node in found:
            if node.weighted:
                yield Tensor(node.name, role)
    for node in found[:-1]:
        if node.op not in (Op.MAX_POOL, Op.GLOBAL_MAX_POOL):
            yield Tensor(node.name, Role.ACTIVATION)


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedNetwork:
    """Formats of all tensors, and the codes of weights (O,C,KH,KW) and biases (O), int64.

    Raises ArtifactError where a format or an array lacks, or a code does not fit its format.
    """

    network: FloatNetwork
    formats: Mapping[Tensor, Format]
    codes: Mapping[Tensor, np.ndarray]

    def __post_init__(self) -> None:
        where = f"fixed-point network {self.network.name!r}"
        wanted = list(tensors(self.network))
        lost = [str(t) for t in wanted if t not in self.formats]
        require(not lost, where, "needs a format for every tensor", lost[:3], kind=ArtifactError)
        more = sorted(str(t) for t in set(self.formats) - set(wanted))
        require(
            not more, where, "must hold formats of its tensors alone", more[:3], kind=ArtifactError
        )
        shapes = {n.name: n.weight_shape for n in nodes(self.network) if n.weighted}
        held = {t: shapes[t.layer] for t in wanted if t.role is Role.WEIGHT}
        held |= {t: shapes[t.layer][:1] for t in wanted if t.role is Role.BIAS}
        same = set(held) == set(self.codes)
        got = sorted(str(t) for t in self.codes)
        require(same, where, f"needs {len(held)} arrays of codes", got, kind=ArtifactError)
        for tensor, shape in held.items():
            code, place = self.codes[tensor], f"{where}, {tensor}"
            require(code.shape == shape, place, f"must be {shape}", code.shape, kind=ArtifactError)
            limit = self.formats[tensor].limit
            worst = max(int(code.max()), -int(code.min()))  # np.abs(-(2**63)) is itself
            contract = f"codes must be at most {limit}"
            require(worst <= limit, place, contract, worst, kind=ArtifactError)
        self.check_sums(where)

    def check_sums(self, where: str) -> None:
        """Refuse additions whose exact sums int64 might not hold."""
        places, ranges = self.fractions(), self.ranges()
        for node in nodes(self.network):
            if node.op is Op.ADD:
                most = max(places[name] for name in node.inputs)
                ends = {name: max(-ranges[name][0], ranges[name][1]) for name in node.inputs}
                worst = sum(ends[name] << most - places[name] for name in node.inputs)
                contract, hint = "sums must stay below 2**62", "bring its fractions closer"
                place = f"{where}, layer {node.name!r}"
                require(worst < 2**62, place, contract, worst, hint=hint, kind=ArtifactError)

    def fractions(self) -> dict[str, int]:
        """Binary places of the codes that every layer, and the image, gives."""
        out = {IMAGE: PIXEL.fraction}
        for node in nodes(self.network):
            own = self.formats.get(Tensor(node.name, Role.ACTIVATION))
            if own is not None:
                out[node.name] = own.fraction
            elif node.weighted:  # raw sums
                out[node.name] = out[node.inputs[0]] + self.weight(node.name).fraction
            else:
                out[node.name] = out[node.inputs[0]]
        return out

    def ranges(self) -> dict[str, tuple[int, int]]:
        """Lowest and highest code that every layer but the last, and the image, can give."""
        out = {IMAGE: (0, PIXEL.limit)}
        for node in nodes(self.network):
            own = Tensor(node.name, Role.ACTIVATION) in self.formats
            out[node.name] = self.bounds(node) if own else out[node.inputs[0]]
        return out

    def weight(self, name: str) -> Format:
        """The format of a layer's weights."""
        return self.formats[Tensor(name, Role.WEIGHT)]

    def constant(self, node: FloatNode, fraction: int) -> np.ndarray:
        """Integers O to add to the sums of ``node``, which have ``fraction`` binary places.

        Where the bias is finer than the sums it is rounded half up, once, before there is hardware.
        """
        tensor = Tensor(node.name, Role.BIAS)
        shift = self.formats[tensor].fraction - fraction
        wide = np.iinfo(np.int64).max // 4
        return requantize(self.codes[tensor], shift, -wide, wide)

    def bounds(self, node: FloatNode) -> tuple[int, int]:
        """Lowest and highest code that a quantized ``node`` may give."""
        limit = self.formats[Tensor(node.name, Role.ACTIVATION)].limit
        return (0 if node.layer.relu else -limit), limit


def weight_codes(layer: Merged, form: Format) -> np.ndarray:
    """Codes of weights, rounded to nearest or, where the layer's inputs are known, by them."""
    if layer.inputs is None:
        return quantize(layer.weight, form)
    flat = layer.weight.reshape(len(layer.weight), -1)
    values = compensated(flat, layer.inputs, lambda column: real(quantize(column, form), form))
    return quantize(values, form).reshape(layer.weight.shape)


def bias_codes(layer: Merged, form: Format, codes: np.ndarray, weights: Format) -> np.ndarray:
    """Codes of biases beside weights of ``codes`` in the format ``weights``.

    Where the layer's inputs are known a bias makes up for what rounding its weights does to the
    mean of the sums (bias correction: Nagel et al. 2019).
    """
    bias = layer.bias
    if layer.inputs is not None:
        lost = layer.weight - real(codes, weights)
        bias = bias + lost.reshape(len(lost), -1) @ layer.inputs.mean
    return quantize(bias, form)


Known = dict[tuple[Tensor, Format, Format], np.ndarray]  # codes by format, and that of the weights


def from_float(
    network: FloatNetwork,
    merged: Mapping[str, Merged],
    formats: Mapping[Tensor, Format],
    known: Known | None = None,
) -> FixedNetwork:
    """The fixed-point network that ``formats`` make of real weights and biases.

    Codes that are ``known`` are not made anew; those that are made become known.
    """
    known = {} if known is None else known

    def codes(tensor: Tensor) -> np.ndarray:
        layer, weights = merged[tensor.layer], Tensor(tensor.layer, Role.WEIGHT)
        form, beside = formats[tensor], formats[weights]
        key = tensor, form, beside
        if key not in known and tensor == weights:
            known[key] = weight_codes(layer, form)
        elif key not in known:
            known[key] = bias_codes(layer, form, codes(weights), beside)
        return known[key]

    made = {t: codes(t) for t in formats if t.role is not Role.ACTIVATION}
    return FixedNetwork(network=network, formats=formats, codes=made)
