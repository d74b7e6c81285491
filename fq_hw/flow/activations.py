"""The tensors that a picture becomes inside the network, each as a picture of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from fq_hw import golden, ir
from fq_hw.data.pictures import Pictures
from fq_hw.errors import ArtifactError, require, suggestion
from fq_hw.files import as_file_name, check_output, writing
from fq_hw.flow.model import Model
from fq_hw.report.activations import Sheet, save

__all__ = [
    "check_folder",
    "check_names",
    "few_levels",
    "planes",
    "save_layers",
    "save_layers_of",
]


def check_names(model: Model, names: Sequence[str]) -> None:
    """Refuse names that no tensor of ``model`` has; the line has the nearest, then all."""
    known = [op.name for op in model.graph.ops]
    for name in names:
        near = suggestion(name, known)
        hint = f"{near} " if near else ""
        hint += f"`fq-hw show` tells them: {', '.join(known)}"
        contract = "must be the name of a tensor"
        require(name in known, f"model {model.name!r}", contract, name, hint=hint)


def check_folder(folder: Path) -> None:
    """Refuse, before any work, what no pictures can be written into; the folder is made.

    Raises ArtifactError.
    """
    where, contract = f"--layers {folder}", "is a file; layers are pictures in a folder"
    with suppress(OSError):  # of which check_output tells more
        require(not folder.is_file(), where, contract, hint="name a folder", kind=ArtifactError)
    check_output(folder / "0.png", where)


def save_layers_of(
    model: Model, pictures: Pictures, folder: Path, names: Sequence[str] = ()
) -> list[Path]:
    """``save_layers`` of every picture; of several, each in a folder of its own below."""
    written = []
    for number, (file, image) in enumerate(zip(pictures.files, pictures, strict=True)):
        own = folder if len(pictures) == 1 else folder / as_file_name(f"{number}-{file.stem}")
        written += save_layers(model, image, own, names)
    return written


def save_layers(
    model: Model, image: np.ndarray, folder: Path, names: Sequence[str] = ()
) -> list[Path]:
    """Write a PNG for each tensor that ``image``, uint8 H,W,C, becomes: NUMBER-NAME.png.

    ``names`` are those of ``model.graph.ops``, by default all. The first is the image as the
    network sees it. Raises ParameterError for a name that is not there, ArtifactError where nothing
    can be written.
    """
    check_names(model, names)
    tensors, written = golden.run(model.graph, image[None]), []
    digits = len(str(len(model.graph.ops) - 1))
    for number, op in enumerate(model.graph.ops):
        if names and op.name not in names:
            continue
        path = folder / f"{number:0{digits}}-{as_file_name(op.name)}.png"
        check_output(path, f"--layers {path}")
        with writing(path, f"--layers {path}") as partial:
            save(partial, sheet(model.graph, op, tensors[op.name][0]))
        written.append(path)
    return written


def few_levels(kind: ir.TensorType) -> bool:
    """Whether its shades are those of all values that it can have, whatever the picture."""
    return not kind.signed and kind.bits <= 8


def planes(graph: ir.Graph, op: ir.Op) -> int | None:
    """How many planes an embedding gives each colour."""
    if not isinstance(op, ir.Embed):
        return None
    return graph.types[op.name].shape[-1] // graph.types[op.inputs[0]].shape[-1]


def sheet(graph: ir.Graph, op: ir.Op, values: np.ndarray) -> Sheet:
    """What to draw of a tensor; the planes of a colour are a row."""
    kind, few = graph.types[op.name], few_levels(graph.types[op.name])
    low, high = (0, 2**kind.bits - 1) if few else (int(values.min()), int(values.max()))
    title = f"{op.name}: {kind}, {type(op).__name__}"
    picture = isinstance(op, ir.Input) and kind.shape[-1] == 3
    return Sheet(title=title, values=values, signed=kind.signed, low=low, high=high,
                 across=planes(graph, op), picture=picture)  # fmt: skip
