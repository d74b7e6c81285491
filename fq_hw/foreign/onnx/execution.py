"""qonnx's own execution of a model, and the first tensor in which the integers differ from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from fq_hw import golden
from fq_hw.foreign.onnx.fold import Imported
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.pixels import PixelRange

__all__ = ["Compared", "compare"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One tensor of one image: how many values differ, and the first that does.

    ``place`` is its index in ONNX's layout; ``reference`` and ``found`` are real values.
    """

    tensor: str
    values: int
    wrong: int
    place: tuple[int, ...] = ()
    reference: float = 0.0
    found: float = 0.0


def in_layout(x: np.ndarray, feature: Feature) -> np.ndarray:
    """1,H,W,C as ONNX lays the tensor out."""
    ordered = x if feature.last else x.transpose(0, 3, 1, 2)
    return ordered.reshape(feature.dims)


def differences(name: str, feature: Feature, x: np.ndarray, reference: np.ndarray) -> Compared:
    """Integers against the reference: they differ where another integer would be nearer."""
    value = feature.scale * x + feature.shift
    value = value.clip(*feature.ends)
    unit = np.broadcast_to(np.abs(feature.scale), x.shape)
    value, unit = in_layout(value, feature), in_layout(unit, feature)
    reference = reference.reshape(value.shape)
    wrong = np.abs(reference - value) >= np.maximum(unit / 2, 1e-3 * (unit == 0))
    if not wrong.any():
        return Compared(tensor=name, values=wrong.size, wrong=0)
    place = tuple(int(n) for n in np.argwhere(wrong)[0])
    return Compared(
        tensor=name,
        values=wrong.size,
        wrong=int(wrong.sum()),
        place=place,
        reference=float(reference[place]),
        found=float(value[place]),
    )


def compare(
    model: ModelWrapper, imported: Imported, pixels: PixelRange, image: np.ndarray
) -> Iterator[Compared]:
    """Every tensor of ``model`` for one uint8 image H,W,C, in order; the class comes last."""
    tensors = golden.run(imported.whole, image[None])
    (source,) = (i for i in model.graph.input if model.get_initializer(i.name) is None)
    scale, shift = (np.float32(value) for value in pixels.affine)
    if pixels is PixelRange.UNIT:  # as training divides: a product would round otherwise
        real = image[None].astype(np.float32) / np.float32(255)
    else:
        real = image[None].astype(np.float32) * scale + shift
    first = imported.features[source.name]
    given = in_layout(real, first).astype(np.float32)
    context = execute_onnx(model, {source.name: given}, return_full_exec_context=True)
    for node in model.graph.node:
        name = node.output[0]
        feature = imported.features.get(name)
        if feature is not None and node.op_type not in ("TopK", "ArgMax"):
            yield differences(name, feature, tensors[feature.op], context[name])
    last = imported.features[imported.scores]
    label = int(in_layout(tensors[last.op] * last.scale + last.shift, last).argmax())
    scores = np.asarray(context[imported.scores]).reshape(-1)
    # Of equal scores the float reference may rank either first.
    level = scores.max() - scores[label] < last.scale.min() / 2
    want = label if level else int(scores.argmax())
    yield Compared(tensor="class", values=1, wrong=int(label != want), reference=want, found=label)
