"""Checks of what came of an input that may be another right one: run in a child too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from networks import random_images

from faults import exact
from fq_hw import golden
from fq_hw.flow.model import load_model
from fq_hw.ir import serialize

__all__ = ["as_integers", "as_qonnx"]


def as_qonnx(words: Sequence[str]) -> int:
    """The graph computes what qonnx computes of the model: every tensor of three images."""
    from fq_hw.foreign import onnx

    pixels = onnx.PixelRange.UNIT
    model = onnx.read(Path(words[1]))
    graph = serialize.load(Path("new.safetensors"))
    imported = onnx.import_graph(model, graph.name, pixels, graph.input.shape)
    images = random_images(graph.input.shape, 3)
    for image in images:
        for row in onnx.compare(model, imported, pixels, image):
            assert not row.wrong, f"{row.tensor}: {row.wrong} of {row.values} values differ"
    ours, theirs = (golden.run(g, images)[g.ops[-1].name] for g in (graph, imported.whole))
    np.testing.assert_array_equal(ours, theirs)
    return 0


def as_integers(words: Sequence[str]) -> int:
    """The golden model's numbers are those of integers that cannot wrap."""
    graph = load_model(Path(words[1])).graph
    images = random_images(graph.input.shape, 2)
    ours, truth = golden.run(graph, images), exact.scores(graph, images)
    for name, values in truth.items():
        found = ours[name]
        wrong = [place for place in np.ndindex(values.shape) if found[place] != values[place]]
        assert not wrong, f"{name}{wrong[0]}: {found[wrong[0]]}, not {values[wrong[0]]}"
    return 0
