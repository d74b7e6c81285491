"""An imported graph against another tool's own execution of its model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw.data import Split
from fq_hw.errors import ArtifactError, SimulationError, require
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.load import TFLITE, load_onnx, load_tflite
from fq_hw.flow.model import Model, load_model
from fq_hw.ir import Graph

if TYPE_CHECKING:
    from fq_hw.foreign.judged import Compared

__all__ = ["HEAD", "Verified", "verify"]

Compare = Callable[[np.ndarray], "Iterable[Compared]"]
HEAD = ("tensor", "values", "differing", "ties")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A row a tensor, by ``HEAD``; the first image and value of a tensor that differs; labels."""

    network: str
    reference: str
    images: int
    right: int
    rows: list[tuple[str, int, int, int]]
    first: tuple[int, Compared] | None

    @property
    def ties(self) -> int:
        """Values nearer to an edge than qonnx's float32 rounds."""
        return sum(row[3] for row in self.rows)

    def data(self) -> dict:
        """The same for machines."""
        return {
            "images": self.images,
            "tensors": [dict(zip(HEAD, row, strict=True)) for row in self.rows],
            "golden accuracy %": 100 * self.right / self.images,
        }

    def check(self) -> None:
        """Raise SimulationError, naming the first value, where one differs."""
        if self.first is None:
            return
        number, one = self.first
        name, values, wrong = next(row[:3] for row in self.rows if row[0] == one.tensor)
        raise SimulationError(
            f"verify {self.network!r}: {wrong:,} of {values:,} values of {name!r} differ "
            f"from {self.reference}, first in image {number} at {one.place}: {one.found:g}, not "
            f"{one.reference:g}"
        )


def verify(
    path: Path,
    against: Path,
    pixels: str,
    images: Callable[[Model], Split],
    report: Callable[[str], None] = lambda line: None,
) -> Verified:
    """Compare the graph in ``path`` with the model ``against``, tensor by tensor.

    qonnx executes a model of ONNX, LiteRT's reference kernels one of TFLite. ``pixels`` is what a
    model of real numbers gets for a byte. Raises ArtifactError where the graph is not what
    importing that model gives.
    """
    from tqdm import tqdm

    read = load_model(path)
    graph = read.graph
    if against.suffix == TFLITE:
        reference, said, (made, compare) = "LiteRT", "", beside_litert(graph, against)
    else:
        reference, said = "qonnx", f" --pixels {pixels}"
        made, compare = beside_qonnx(graph, against, pixels)
    contract = f"must be what `fq-hw import {against}{said}` gives"
    hint = "import it again, or name the model that it came from"
    same = equal(made, graph)
    require(same, str(path), contract, hint=hint, kind=ArtifactError)
    split = images(read)
    values, wrong, ties, first = Counter(), Counter(), Counter(), {}
    report(f"{reference} runs one image at a time")
    for number, image in enumerate(tqdm(split.images, disable=None, unit="image")):
        for row in compare(image):
            values[row.tensor] += row.values
            wrong[row.tensor] += row.wrong
            ties[row.tensor] += row.ties
            if row.wrong:
                first.setdefault(row.tensor, (number, row))
    return Verified(
        network=graph.name,
        reference=reference,
        images=len(split),
        right=int((golden_labels(graph, split.images) == split.labels).sum()),
        rows=[(name, count, wrong[name], ties[name]) for name, count in values.items()],
        first=next((first[name] for name in values if name in first), None),
    )


def beside_qonnx(graph: Graph, against: Path, pixels: str) -> tuple[Graph, Compare]:
    """What import makes of an ONNX model, and what compares one image's tensors."""
    onnx = load_onnx()
    kind, model = onnx.PixelRange(pixels), onnx.read(against)
    imported = onnx.import_graph(model, graph.name, kind, graph.input.shape)
    return imported.graph, lambda image: onnx.compare(model, imported, kind, image)


def beside_litert(graph: Graph, against: Path) -> tuple[Graph, Compare]:
    """The same of a TFLite model."""
    tflite = load_tflite()
    network = tflite.read(against)
    imported, reference = tflite.judge(network, graph.name).model, tflite.Reference(network)
    return imported.graph, lambda image: tflite.compare(reference, imported, image)


def equal(a: Graph, b: Graph) -> bool:
    """Whether two graphs have the same ops with the same constants."""
    nodes = list(zip(a.nodes(), b.nodes(), strict=False))
    return len(a.ops) == len(b.ops) and all(
        x.keys() == y.keys() and all(np.array_equal(x[key], y[key]) for key in x) for x, y in nodes
    )
