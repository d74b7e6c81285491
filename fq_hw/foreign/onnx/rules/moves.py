"""Nodes that only move numbers: slices, splits, shuffles, padding, resizing by whole numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
from onnx import helper

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.importer import Importer
from fq_hw.foreign.onnx.moved import Moved, Step, arrangement
from fq_hw.foreign.onnx.node import OnnxNode, Value, rule
from fq_hw.foreign.onnx.reference import executed
from fq_hw.foreign.onnx.rules.clamps import settled
from fq_hw.foreign.onnx.rules.padding import with_level
from fq_hw.foreign.onnx.values import NOT_AFFINE, Feature, uniform

__all__ = ["moved", "moves_on"]

MOVERS = (
    "DepthToSpace", "Flatten", "Gather", "Pad", "Reshape", "Resize", "Slice", "SpaceToDepth",
    "Split", "Squeeze", "Transpose", "Unsqueeze", "Upsample",
)  # fmt: skip
RESIZING = (
    "axes", "coordinate_transformation_mode", "keep_aspect_ratio_policy", "mode", "nearest_mode",
)  # fmt: skip


def moved(importer: Importer, node: OnnxNode, outside: float | None = None) -> Value:
    """What the reference makes of the places of the input's numbers.

    ``outside`` is what stands around an image, where the node pads. A tensor that only such nodes
    read stays as it is, for these may belong together.
    """
    x = node.value(0)
    x = x if isinstance(x, Moved) else Moved(x=node.feature())
    proto = onnx.NodeProto.FromString(node.proto.SerializeToString())
    constants = [node.constant(n) if node.given(n) else None for n in range(1, len(node.inputs))]
    if outside is not None:
        x = with_outside(importer, node, x, outside)
        constants = marked(proto, constants)
    run = executed(proto, constants, importer.opsets[""])
    found = {}
    for n, name in enumerate(proto.output):
        after = replace(x, steps=(*x.steps, step_of(run, n)))
        found[n] = after if moves_on(importer, name) else arranged(importer, node, after, n)
    return found if len(found) > 1 else found[0]


def step_of(run: Step, which: int) -> Step:
    """One of a node's outputs."""
    return lambda index: run(index)[which]


def moves_on(importer: Importer, name: str) -> bool:
    """Whether nodes that only move numbers read a tensor, and nothing else does."""
    graph = importer.model.graph
    readers = [node for node in graph.node if name in node.input]
    last = any(output.name == name for output in graph.output)
    return bool(readers) and not last and all(node.op_type in MOVERS for node in readers)


def with_outside(importer: Importer, node: OnnxNode, x: Moved, value: float) -> Moved:
    """With a level that is worth what lies outside."""
    if x.level is not None:  # padding of padding
        x = Moved(x=arranged(importer, node, x, 0, ".inner"))
    contract = "input must be quantized; put a Quant node before it"
    require(x.x.levels, node.where, contract, kind=GraphError)
    settled_x = settled(importer, node, x.x)
    levels, level = with_level(importer, node, settled_x, value)
    return replace(x, x=levels, level=level)


def marked(proto: onnx.NodeProto, constants: list[np.ndarray | None]) -> list[np.ndarray | None]:
    """The constants of a Pad that puts -1 outside; older ones have it as an attribute."""
    kept = [a for a in proto.attribute if a.name != "value"]
    if any(a.name == "pads" for a in kept):
        kept.append(helper.make_attribute("value", -1.0))
        del proto.attribute[:]
        proto.attribute.extend(kept)
        return constants
    return [constants[0], np.float32(-1).reshape(()), *constants[2:]]


def arranged(importer: Importer, node: OnnxNode, x: Moved, which: int, suffix: str = "") -> Feature:
    """The integer ops of as many steps as can be taken at once, then those of the others."""
    for count in range(len(x.steps), 0, -1):
        found = arrangement(x.x, x.after(count))
        if found is None:
            continue
        ops, seen = found
        ends = suffix or (f".{which}" if which else "")
        y = x.x
        for kind, fields in ops:
            level = {"level": x.level or 0} if kind in ("grid", "select") else {}
            number = sum(n["name"].startswith(f"{node.proto.name}.moved") for n in importer.nodes)
            name = importer.add(kind, node, y.op, suffix=f"{ends}.moved{number}", **fields, **level)
            y = of_op(importer, node, y, name, kind, fields)
        y = replace(y, **seen)
        rest = x.steps[count:]
        return arranged(importer, node, Moved(x=y, steps=rest, level=x.level), which) if rest else y
    contract = "rows, columns or channels of the result are none that hardware can take"
    hint = (
        "supported are rows and columns left out, repeated or padded evenly, channels in any"
        " order, and blocks of pixels as channels"
    )
    raise GraphError(f"{node.where}: {contract}; {hint}")


def of_op(
    importer: Importer, node: OnnxNode, x: Feature, name: str, kind: str, fields: dict
) -> Feature:
    """What is known of the result of an op that moves numbers."""
    y = replace(x, op=name, shape=importer.types[name].shape, edges=None, source=None)
    if kind == "grid":
        return y
    require(x.curve is None, node.where, NOT_AFFINE, kind=GraphError)
    if kind == "select":
        return in_channels(y, np.maximum(fields["order"], 0))
    parts = int(np.prod(fields["block"]))
    if kind == "space_to_depth":
        return in_channels(y, np.tile(np.arange(x.channels), parts))
    first = np.arange(y.channels)
    one = in_channels(x, np.tile(first, parts))
    same = all(
        uniform(np.array(pair)) is not None
        for part in ("scale", "shift")
        for pair in zip(getattr(x, part), getattr(one, part), strict=True)
    )
    contract = "channels that become one need one scale"
    require(same and x.free, node.where, contract, kind=GraphError)
    return in_channels(y, first)


def in_channels(x: Feature, order: np.ndarray) -> Feature:
    """With these channels of all that is known of each."""
    fields = ("scale", "shift", "peak", "floor", "ceiling", "pixels", "known")
    parts = {name: getattr(x, name) for name in fields}
    return replace(x, **{n: None if part is None else part[order] for n, part in parts.items()})


@rule("Slice", honours=("axes", "ends", "starts"))
@rule("Split", honours=("axis", "num_outputs", "split"))
@rule("Gather", honours=("axis",))
@rule("DepthToSpace", honours=("blocksize", "mode"))
@rule("SpaceToDepth", honours=("blocksize",))
def move(importer: Importer, node: OnnxNode) -> Value:
    return moved(importer, node)


@rule("Resize", honours=RESIZING)
@rule("Upsample", honours=("mode", "scales"))
def resize(importer: Importer, node: OnnxNode) -> Value:
    mode = node.attributes["mode"]
    contract = "attribute mode must be nearest"
    require(mode == "nearest", node.where, contract, mode, kind=GraphError)
    ways = node.attributes.get("coordinate_transformation_mode", "")
    contract = "attribute coordinate_transformation_mode must look at the whole image"
    require(ways != "tf_crop_and_resize", node.where, contract, ways, kind=GraphError)
    return moved(importer, node)


@rule("Pad", honours=("mode", "pads", "value"))
def pad(importer: Importer, node: OnnxNode) -> Value:
    mode = node.attributes.get("mode", "constant")
    contract = "attribute mode must be constant"
    require(mode == "constant", node.where, contract, mode, kind=GraphError)
    value = float(node.attributes.get("value") or 0.0)
    if node.given(2):
        value = node.number(2)
    return moved(importer, node, outside=float(np.float32(value)))
