"""The images to run a model on: those that a user names, else those that it was trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from fq_hw import data
from fq_hw.data import DataKind
from fq_hw.data.meaning import Meaning
from fq_hw.data.noise import noise
from fq_hw.data.source import Source, check_classes
from fq_hw.errors import ArtifactError, require
from fq_hw.flow.model import Model

__all__ = ["choose", "data_of", "example_image", "load_images"]

DIGITS = ((32, 32, 3), 10)  # image and classes of the built-in set


def choose(
    kind: DataKind | None, path: Path | None, name: str, source: Source | None
) -> tuple[DataKind, Path | None]:
    """Kind and path of the images: those given, else as the record of network ``name`` says."""
    kind = kind or (source and source.kind)
    hint = "name its images with --data and --path"
    contract = f"{name} does not say what it was trained on"
    require(kind is not None, "--data", contract, hint=hint, kind=ArtifactError)
    remembered = path is None and source is not None and source.kind is kind
    if not remembered or source.path is None:
        return kind, path
    path = Path(source.path)
    contract = f"{name} was trained on the images in {path}, which is not here"
    hint = "say with --path where they are"
    require(path.exists(), "--path", contract, hint=hint, kind=ArtifactError)
    return kind, path


def data_of(
    name: str,
    image: tuple[int, ...],
    classes: int,
    source: Source | None,
    kind: DataKind | None = None,
    path: Path | None = None,
    meaning: Meaning | None = None,
) -> data.Data:
    """The images for network ``name``, as ``choose`` finds them; refuses others than its own."""
    kind, path = choose(kind, path, name, source)
    images = data.load(kind, path, image, meaning)
    check_classes(images, name, classes, source and source.classes)
    return images


def load_images(
    model: Model,
    kind: DataKind | None = None,
    path: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> data.Data:
    """The data to run ``model`` on. Raises ArtifactError for what it was not made for."""
    graph, source = model.graph, model.source
    if model.weights and kind is path is None:
        report(f"note: {graph.name} is not trained: taking random images")
        return noise(graph.name, model.image, model.classes)
    nothing = source is None and model.accuracy is None and kind is path is None
    if nothing and (graph.input.shape, graph.classes) == DIGITS:
        report(
            f"note: {graph.name} does not say what it was trained on; taking the built-in digits"
        )
        kind = DataKind.DIGITS
    return data_of(graph.name, model.image, graph.classes, source, kind, path, model.meaning)


def example_image(
    model: Model,
    kind: DataKind | None = None,
    path: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> np.ndarray:
    """The first test image; where nobody says which, or they are not here, a random one."""
    source = model.source
    here = source is not None and (
        source.kind is DataKind.DIGITS or (source.path is not None and Path(source.path).exists())
    )
    if here or kind or path:
        return load_images(model, kind, path, report).test().first(1).images[0]
    report("note: its test images are not here: the bench shows a random one "
           "(or name --data, --path)")  # fmt: skip
    return np.random.default_rng(0).integers(0, 256, model.image, np.uint8)
