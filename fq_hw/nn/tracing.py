"""The layers inside any torch module, found by torch.fx: what export and checkpoints need of it.

A module is traced, not run: whatever its ``forward`` does with a tensor is one of the layers below,
or is refused by name. Its own code trains; what is saved is the list of layers and the arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from fq_hw import checkpoint
from fq_hw.data.source import Source
from fq_hw.errors import FqHwError, GraphError, require
from fq_hw.layers import IMAGE, Layer, Norm, NormLayer, Op, Pool, array_shapes
from fq_hw.nn.channel_step import ChannelStepActivation
from fq_hw.nn.embeddings import FixedEmbedding, PixelEmbedding, PixelValues
from fq_hw.nn.layers import Bias, BinaryConv2d, HalfWaveActivation, RealConv2d
from fq_hw.nn.training import arrays
from fq_hw.traced import TracedNetwork

__all__ = ["save", "traced"]

OWN = (PixelEmbedding, FixedEmbedding, PixelValues, BinaryConv2d, RealConv2d, Bias,
       HalfWaveActivation, ChannelStepActivation)  # fmt: skip
SIZE = object()  # a shape or a number: nothing that is computed from pixels
BATCH = object()  # the number of images
HINTS = {
    "Conv2d": "use fq_hw.nn.modules.conv2d",
    "Linear": "use fq_hw.nn.modules.linear",
    "ReLU": "leave it out: a quantizer has its own",
    "relu": "leave it out: a quantizer has its own",
    "Hardtanh": "leave it out: a quantizer has its own",
}
Value = Any  # a layer's name, SIZE, or a list of them


class Walk(fx.Tracer):
    """Goes into every module but those that are layers."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, OWN) or super().is_leaf_module(m, module_qualified_name)


class Tracing:
    """Layers so far, and what each node of the graph is."""

    def __init__(self, module: nn.Module, name: str):
        self.module, self.where = module, f"module {name!r}"
        self.layers: list[Layer] = []
        self.taken = {IMAGE}
        self.values: dict[fx.Node, Value] = {}

    def refuse(self, node: fx.Node, contract: str, hint: str = "") -> None:
        """Raise GraphError for a node."""
        called = str(node.target) if node.op in ("call_module", "get_attr") else node.name
        where = f"{self.where}, {called!r}"
        require(False, where, contract, hint=hint, kind=GraphError)

    def add(self, op: Op, node: fx.Node, *inputs: Value, name: str = "", **fields: object) -> str:
        """One more layer, named after its module."""
        tensors = [one for one in inputs if isinstance(one, str)]
        if len(tensors) != len(inputs):
            self.refuse(node, "reads a number or a shape where a feature map must be")
        name = name or self.name_of(node)
        if name in self.taken:
            self.refuse(node, "is called twice", "make a module of its own for each call")
        self.taken.add(name)
        self.layers.append(Layer(op=op, name=name, inputs=tuple(tensors), **fields))
        return name

    def name_of(self, node: fx.Node) -> str:
        """That of the module inside which it is computed, for the first such node of each."""
        scope = [*node.meta.get("nn_module_stack", {})][-1:]
        inside = scope[0] if scope else ""
        if inside and inside not in self.taken:
            return inside
        return f"{inside}.{node.name}" if inside else node.name

    def step(self, node: fx.Node) -> None:
        """What one node is."""
        given = fx.node.map_arg(node.args, lambda one: self.values[one])
        more = fx.node.map_arg(node.kwargs, lambda one: self.values[one])
        if node.op == "placeholder":
            if IMAGE in self.values.values():
                self.refuse(node, "forward must take the images alone")
            self.values[node] = IMAGE
        elif node.op == "call_module":
            self.values[node] = self.called(node, *given)
        elif node.op in ("call_function", "call_method"):
            self.values[node] = self.computed(node, given, more)
        elif node.op == "output":
            self.values[node] = given[0]
        else:
            self.refuse(node, "is a tensor of the module's own, which no layer has")

    def called(self, node: fx.Node, *given: Value) -> Value:
        """A module's call."""
        module, name = self.module.get_submodule(str(node.target)), str(node.target)
        if isinstance(module, (nn.Identity, nn.Dropout, nn.Dropout2d)):
            return given[0]
        kind = type(module).__name__
        for kinds, rule in MODULES.items():
            if isinstance(module, kinds):
                op, fields = rule(module, name)
                return self.add(op, node, *given, name=name, **fields)
        return self.refuse(node, f"is a {kind}, which is no layer of hardware", HINTS.get(kind, ""))

    def computed(self, node: fx.Node, given: tuple, more: dict) -> Value:
        """A function's or a method's call."""
        name = str(node.target) if node.op == "call_method" else node.target
        first = given[1:] == (0,) and not more
        if name == "size":
            return BATCH if first else SIZE
        if name is getattr and given[1:] == ("shape",):
            return SIZE
        if name in NUMBERS and not any(isinstance(one, str) for one in given):
            shape = name is operator.getitem and first and given[0] is SIZE
            return BATCH if shape else SIZE
        if name in FUNCTIONS:
            return FUNCTIONS[name](self, node, *given, **more)
        said = getattr(name, "__name__", str(name))
        if said == "fn":
            said = node.name
        contract = f"{said} is no layer of hardware"
        return self.refuse(node, contract, HINTS.get(said, ""))

    def pool(self, op: Op, node: fx.Node, x: Value, kernel, stride=None, padding=0, *more, **rest):
        """A pool by torch's arguments."""
        wanted = {"dilation": 1, "ceil_mode": False, "return_indices": False,
                  "count_include_pad": True, "divisor_override": None}  # fmt: skip
        odd = [key for key, value in rest.items() if value != wanted.get(key)]
        if more or odd:
            self.refuse(node, f"takes kernel, stride and padding alone, not {', '.join(odd)}")
        return self.add(op, node, x, pool=pool_of(kernel, stride, padding))

    def mean(self, node: fx.Node, x: Value, dim=None, keepdim=False) -> Value:
        """A mean over all pixels."""
        axes = sorted(n % 4 for n in dim) if isinstance(dim, (list, tuple)) else None
        if axes != [2, 3]:
            self.refuse(node, f"must be a mean over the axes 2 and 3, not {dim}")
        return self.add(Op.MEAN, node, x)

    def adaptive(self, node: fx.Node, x: Value, output_size) -> Value:
        """An average of one value a channel."""
        if output_size not in (1, (1, 1), [1, 1]):
            self.refuse(node, f"must give one value a channel, not {output_size}")
        return self.add(Op.MEAN, node, x)

    def flatten(self, node: fx.Node, x: Value, start_dim=0, end_dim=-1) -> Value:
        """N,C,H,W as N,C*H*W."""
        if (start_dim, end_dim) not in ((1, -1), (1, 3)):
            self.refuse(node, "must flatten all axes but the first")
        return self.add(Op.FLATTEN, node, x)

    def reshaped(self, node: fx.Node, x: Value, *sizes) -> Value:
        """The same by sizes."""
        row = len(sizes) == 2 and (sizes[0] is BATCH or (sizes[0] == -1 and sizes[1] is not SIZE))
        if not row:
            self.refuse(node, "may only make a row of each image's values")
        return self.add(Op.FLATTEN, node, x)

    def sum(self, node: fx.Node, a: Value, b: Value, alpha=1) -> Value:
        """An addition."""
        if alpha != 1:
            self.refuse(node, "must add without a factor")
        return self.add(Op.ADD, node, a, b)

    def concat(self, node: fx.Node, tensors, dim=0, axis=None) -> Value:
        """A concatenation of channels."""
        if (dim if axis is None else axis) not in (1, -3):
            self.refuse(node, "must concatenate channels, along axis 1")
        return self.add(Op.CONCAT, node, *tensors)


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """One number for both sides, or two."""
    down, across = (value, value) if isinstance(value, int) else tuple(value)
    return int(down), int(across)


def pool_of(kernel, stride, padding) -> Pool:
    """Torch's arguments as a record."""
    return Pool(kernel=pair(kernel), stride=pair(stride or kernel), padding=pair(padding))


def conv_of(module: nn.Module, name: str) -> tuple[Op, dict]:
    return Op.CONV, {"conv": replace(module.layer, name=name)}


def embedding_of(module: nn.Module, name: str) -> tuple[Op, dict]:
    return Op.EMBED, {"embedding": module.embedding, "activation": module.activation}


def activation_of(module: nn.Module, name: str) -> tuple[Op, dict]:
    return Op.ACT, {"activation": module.activation, "bare": module.levels}


def norm_of(module: nn.Module, name: str) -> tuple[Op, dict]:
    whole = bool(module.affine and module.track_running_stats)
    contract = "must have weights, biases and running statistics"
    require(whole, f"norm {name!r}", contract, kind=GraphError)
    return Op.NORM, {"norm": NormLayer(kind=Norm.BATCH, eps=module.eps)}


def max_pool_of(module: nn.MaxPool2d, name: str) -> tuple[Op, dict]:
    plain = not module.ceil_mode and pair(module.dilation) == (1, 1) and not module.return_indices
    contract = "must have neither ceil_mode, dilation nor indices"
    require(plain, f"pool {name!r}", contract, kind=GraphError)
    pool = pool_of(module.kernel_size, module.stride, module.padding)
    return Op.MAX_POOL, {"pool": pool}


def average_pool_of(module: nn.AvgPool2d, name: str) -> tuple[Op, dict]:
    plain = not module.ceil_mode and module.divisor_override is None
    contract = "must have neither ceil_mode nor a divisor of its own"
    require(plain, f"pool {name!r}", contract, kind=GraphError)
    pool = pool_of(module.kernel_size, module.stride, module.padding)
    return Op.AVERAGE_POOL, {"pool": pool}


def mean_of(module: nn.AdaptiveAvgPool2d, name: str) -> tuple[Op, dict]:
    one = module.output_size in (1, (1, 1))
    contract = "must give one value a channel"
    require(one, f"pool {name!r}", contract, module.output_size, kind=GraphError)
    return Op.MEAN, {}


def flatten_of(module: nn.Flatten, name: str) -> tuple[Op, dict]:
    whole = (module.start_dim, module.end_dim) in ((1, -1), (1, 3))
    contract = "must flatten all axes but the first"
    require(whole, f"layer {name!r}", contract, kind=GraphError)
    return Op.FLATTEN, {}


MODULES: dict[tuple[type, ...], Callable[[Any, str], tuple[Op, dict]]] = {
    (BinaryConv2d, RealConv2d): conv_of,
    (PixelEmbedding, FixedEmbedding, PixelValues): embedding_of,
    (HalfWaveActivation, ChannelStepActivation): activation_of,
    (nn.BatchNorm1d, nn.BatchNorm2d): norm_of,
    (Bias,): lambda module, name: (Op.NORM, {"norm": NormLayer(kind=Norm.BIAS)}),
    (nn.MaxPool2d,): max_pool_of,
    (nn.AvgPool2d,): average_pool_of,
    (nn.AdaptiveAvgPool2d,): mean_of,
    (nn.Flatten,): flatten_of,
}
NUMBERS = {operator.getitem, operator.mul, operator.floordiv}
FUNCTIONS: dict[object, Callable[..., Value]] = {
    **dict.fromkeys((operator.add, operator.iadd, torch.add, "add", "add_"), Tracing.sum),
    **dict.fromkeys((torch.cat, torch.concat), Tracing.concat),
    **dict.fromkeys((torch.flatten, "flatten"), Tracing.flatten),
    **dict.fromkeys(("view", "reshape"), Tracing.reshaped),
    **dict.fromkeys((torch.mean, "mean"), Tracing.mean),
    F.adaptive_avg_pool2d: Tracing.adaptive,
    F.max_pool2d: lambda self, *given, **more: self.pool(Op.MAX_POOL, *given, **more),
    F.avg_pool2d: lambda self, *given, **more: self.pool(Op.AVERAGE_POOL, *given, **more),
    "contiguous": lambda self, node, x: x,
}


def traced(
    module: nn.Module, name: str, image: tuple[int, int, int], classes: int
) -> TracedNetwork:
    """The record of ``module``, which makes logits N,classes of uint8 images N,H,W,C.

    Raises GraphError, by the module or the operation, for what no layer of hardware does, and for
    weights that ``forward`` does not use.
    """
    where = f"module {name!r}"
    training = module.training
    try:
        graph = Walk().trace(module.eval())  # what a checkpoint is for
    except FqHwError:
        raise
    except Exception as error:  # whatever a forward does that depends on the pixels
        reason = str(error).partition("\n")[0]
        contract = f"cannot be traced: {type(error).__name__}: {reason}"
        hint = "forward must do the same with every image"
        raise GraphError(f"{where}: {contract}; {hint}") from error
    finally:
        module.train(training)
    tracing = Tracing(module, name)
    for node in graph.nodes:
        tracing.step(node)
    network = TracedNetwork(name=name, image=image, classes=classes, layers=tuple(tracing.layers))
    (end,) = (node for node in graph.nodes if node.op == "output")
    last, found = tracing.values[end], network.layers[-1].name
    require(last == found, where, f"must return what {found!r} makes", last, kind=GraphError)
    unused = sorted(set(arrays(module)) - set(array_shapes(network)))
    contract = f"forward does not use {', '.join(unused[:3])}"
    require(not unused, where, contract, hint="remove what is not used", kind=GraphError)
    return network


def save(
    path: Path,
    module: nn.Module,
    *,
    image: tuple[int, int, int],
    classes: int,
    name: str | None = None,
    source: Source | None = None,
) -> None:
    """Write ``module`` as a checkpoint, which every command takes, by the ``name`` of its class.

    Raises GraphError as ``traced`` does, ArtifactError where nothing can be written.
    """
    network = traced(module, name or type(module).__name__, image, classes)
    found = checkpoint.Checkpoint(network=network, arrays=arrays(module), source=source)
    checkpoint.write(path, found)
