"""qonnx's own execution of a model beside the integers, node by node.

The reference computes in float32. A sum that lies on the edge of a level, or nearer to it than the
reference rounds, is a tie: the reference may fall on either side. A tie is named as one, and the
reference goes on with the integers' level, so that it hides nothing that comes later. Everything
else must be equal: levels as levels, all other values within what float32 rounds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_node
from qonnx.util.basic import get_preferred_qonnx_opset

from fq_hw import golden
from fq_hw.foreign.judged import Compared
from fq_hw.foreign.onnx.first_quantizer import image_of, pixels_of
from fq_hw.foreign.onnx.imported import Imported
from fq_hw.foreign.onnx.values import Feature
from fq_hw.foreign.pixels import PixelRange

__all__ = ["compare"]

LABELS = ("ArgMax", "TopK")  # TopK's indices are its last output
SHAPING = ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")


def ties(
    codes: np.ndarray, x: np.ndarray, real: np.ndarray, off: np.ndarray, feature: Feature
) -> np.ndarray:
    """Where codes (1,H,W,C) differ from x by edges alone that lie as near as float32 rounds.

    ``real`` is what was quantized, ``off`` how far the reference may be from that. There may be
    several edges: those of a Sign are in one place.
    """
    tied, place = np.zeros(x.shape, bool), np.nonzero(codes != x)
    channel = place[3]
    low, high = (f(codes, x)[place][:, None] for f in (np.minimum, np.maximum))
    edges = feature.edges.astype(np.float64)[channel]
    index = np.arange(edges.shape[1])
    near = np.abs(real[place][:, None] - edges) <= off[place][:, None]
    tied[place] = (near | (index < low) | (index >= high)).all(axis=1)
    return tied


def in_channels(x: np.ndarray, feature: Feature) -> np.ndarray:
    """A tensor in ONNX's layout as 1,H,W,C."""
    h, w, c = feature.shape
    x = np.asarray(x)
    return x.reshape(1, h, w, c) if feature.last else x.reshape(1, c, h, w).transpose(0, 2, 3, 1)


class Comparison:
    """One image's run through the model, with the integers' tensors beside it."""

    def __init__(self, model: ModelWrapper, imported: Imported, pixels: PixelRange,
                 image: np.ndarray):  # fmt: skip
        self.model, self.imported = model, imported
        self.tensors = golden.run(imported.whole, image[None])
        self.context = model.make_empty_exec_context()
        source = image_of(model)
        real = pixels_of(model, pixels).real(image[None])
        given = imported.features[source.name].in_layout(real)
        self.context[source.name] = given.astype(np.float32)
        self.opsets = model.get_opset_imports()

    def execute(self, node: onnx.NodeProto) -> None:
        """The reference's own step."""
        opset = self.opsets.get(node.domain, get_preferred_qonnx_opset())
        execute_node(node, self.context, self.model.graph, opset)

    def levels(self, node: onnx.NodeProto, feature: Feature) -> Compared:
        """What a quantizer gave: codes must be equal but for ties."""
        name, source = node.output[0], feature.source
        x = self.tensors[feature.op].astype(np.int64)
        scale, shift = (values.astype(np.float64) for values in (feature.scale, feature.shift))
        reference = in_channels(self.context[name], feature)
        codes = np.rint((reference - shift) / scale).astype(np.int64)
        differs = codes != x
        tied = np.zeros(x.shape, bool)
        if source.pixels is None and differs.any():
            read = self.tensors[source.op]
            tied = ties(codes, x, source.real(read), source.off(read), feature)
            mended = np.where(tied, feature.real(x), reference)
            kind = self.context[name].dtype
            self.context[name] = feature.in_layout(mended).astype(kind)
        return row(name, differs & ~tied, reference, feature.real(x), feature, int(tied.sum()))

    def reals(self, name: str, feature: Feature) -> Compared:
        """Any other tensor: values must be equal but for rounding."""
        x = self.tensors[feature.op]
        found = feature.real(x)
        reference = in_channels(self.context[name], feature)
        wrong = ~(np.abs(reference - found) <= feature.off(x))
        return row(name, wrong, reference, found, feature)

    @property
    def ranked(self) -> np.ndarray:
        """The reference's scores."""
        name = self.imported.ranked
        return in_channels(self.context[name], self.imported.features[name])

    @property
    def off(self) -> float:
        """How far two scores may be apart, or from the reference's, by rounding alone."""
        feature = self.imported.features[self.imported.ranked]
        off = feature.off(self.tensors[feature.op])
        return self.imported.ranking_error + 2 * float(off.max())

    def scores(self) -> Compared:
        """The integer scores, as the model's own numbers."""
        feature = self.imported.features[self.imported.ranked]
        found = self.imported.scores.real(self.tensors["scores"]).reshape(self.ranked.shape)
        wrong = ~(np.abs(found - self.ranked) <= self.off)
        return row("scores", wrong, self.ranked, found, feature)

    @property
    def last(self) -> onnx.NodeProto:
        """The node that makes the model's output, whatever gives that another shape or type."""
        (output,) = self.model.graph.output
        node = self.model.find_producer(output.name)
        while node.op_type in SHAPING and (before := self.model.find_producer(node.input[0])):
            node = before
        return node

    def label(self) -> Compared:
        """The class: the model's own answer, unless it has none or rounding decides which it is."""
        found, scores = int(self.tensors["label"].reshape(())), self.ranked.reshape(-1)
        last = self.last
        want, judged = int(scores.argmax()), scores
        if last.op_type in LABELS:
            want = int(self.context[last.output[-1]].reshape(-1)[0])
            judged = self.context[last.input[0]].reshape(-1)  # a Sigmoid's ends may have met
        near = abs(scores[want] - scores[found]) <= self.off or judged[want] == judged[found]
        other = found != want
        return Compared(tensor="class", values=1, wrong=int(other and not near),
                        ties=int(other and near), reference=want, found=found)  # fmt: skip


def row(
    name: str,
    wrong: np.ndarray,
    reference: np.ndarray,
    found: np.ndarray,
    feature: Feature,
    ties: int = 0,
) -> Compared:
    """Counts, and the first value that differs."""
    wrong, reference, found = (feature.in_layout(x) for x in (wrong, reference, found))
    count = int(wrong.sum())
    if not count:
        return Compared(tensor=name, values=wrong.size, wrong=0, ties=ties)
    place = tuple(int(n) for n in np.argwhere(wrong)[0])
    return Compared(tensor=name, values=wrong.size, wrong=count, ties=ties, place=place,
                    reference=float(reference[place]), found=float(found[place]))  # fmt: skip


def compare(
    model: ModelWrapper, imported: Imported, pixels: PixelRange, image: np.ndarray
) -> Iterator[Compared]:
    """Every tensor of ``model`` for one uint8 image H,W,C, in order; scores and class come last."""
    run = Comparison(model, imported, pixels, image)
    for node in model.graph.node:
        run.execute(node)
        feature = imported.features.get(node.output[0])
        if feature is None or feature.op not in run.tensors:
            continue  # a constant; what no result needs; what ranks as the scores do
        if feature.source is not None:
            yield run.levels(node, feature)
        else:
            yield run.reals(node.output[0], feature)
    yield run.scores()
    yield run.label()
