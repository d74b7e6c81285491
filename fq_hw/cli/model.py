"""Arguments that several commands share: the model, and the file to write."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from fq_hw import artifact, checkpoint, export, ir
from fq_hw.data import DataKind, digits
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_output
from fq_hw.fixed import export as fixed_export
from fq_hw.fixed import saved
from fq_hw.float_network import FloatNetwork
from fq_hw.ir import serialize
from fq_hw.passes import lower_graph

__all__ = [
    "SHIPPED",
    "Model",
    "add_model_argument",
    "load_model",
    "output_path",
]

SHIPPED = Path(__file__).parents[1] / "models" / "ern-digits.safetensors"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A graph ready for golden model and hardware, and what its checkpoint says of it."""

    graph: ir.Graph
    accuracy: checkpoint.Accuracy | None
    exported: export.Exported | None
    source: Source | None = None


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """A checkpoint, or a graph that export wrote; the shipped network by default."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="checkpoint or exported graph (default: the shipped network)",
    )


def load_model(path: Path) -> Model:
    """Read a checkpoint or a fixed-point network (and export it) or a graph."""
    contract = "is a configuration and has no weights"
    hint = f"`fq-hw train {path}` trains it; `fq-hw estimate` and `fq-hw fold` size it untrained"
    configuration = path.suffix == ".toml" and path.is_file()
    require(not configuration, f"{path}", contract, hint=hint, kind=ArtifactError)
    family = (artifact.kind(path) or "").rpartition(".")[0]  # each says which versions it reads
    if family == serialize.KIND.rpartition(".")[0]:
        graph, source = serialize.load_with_source(path)
        return Model(graph=graph, accuracy=None, exported=None, source=source)
    if family == saved.KIND.rpartition(".")[0]:
        found = saved.read(path)
        name = found.fixed.network.name
        graph = lower_graph(ir.Graph.from_nodes(name, fixed_export.export(found.fixed)))
        return Model(graph=graph, accuracy=found.accuracy, exported=None, source=found.source)
    trained = checkpoint.read(path)
    of_float = isinstance(trained.network, FloatNetwork)
    contract, hint = "holds a float network, not a quantized one", "`fq-hw search` quantizes it"
    require(not of_float, f"{path}", contract, hint=hint, kind=ArtifactError)
    exported = export.export(trained)
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    return Model(
        graph=graph, accuracy=trained.accuracy, exported=exported, source=source_of(trained)
    )


def source_of(trained: checkpoint.Checkpoint) -> Source | None:
    """What it was trained on; files from before that record name the built-in digits at least."""
    built_in = digits.load_digits_over_photos()
    if trained.source is None and trained.accuracy and trained.accuracy.data == built_in.name:
        image, classes = trained.network.image, built_in.classes
        return Source(kind=DataKind.DIGITS, image=image, classes=classes)
    return trained.source


def output_path(given: Path | None, default: str) -> Path:
    """Where a command writes: ``given``, or ``build/default``; its folder is made.

    Call it before any work: raises ArtifactError when nothing can be written there.
    """
    path = Path("build") / default if given is None else given
    check_output(path, f"--out {path}")
    return path
