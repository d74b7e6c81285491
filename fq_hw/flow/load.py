"""Any file that holds a model: a checkpoint, a graph, an ONNX model, a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from fq_hw.errors import ToolError
from fq_hw.files import as_file_name
from fq_hw.flow.model import Model
from fq_hw.flow.sizes import load_sized
from fq_hw.foreign import blueoil, bnn_pynq, packed

if TYPE_CHECKING:
    from fq_hw.foreign.onnx.imported import Judged

__all__ = ["PACKED", "judge", "load", "load_onnx"]

PACKED = {bnn_pynq.KEY: bnn_pynq.cnv, blueoil.KEY: blueoil.lmnet}


def load_onnx() -> ModuleType:
    """``fq_hw.foreign.onnx``, or a line that says how to install what it needs."""
    try:
        from fq_hw.foreign import onnx
    except ModuleNotFoundError as error:
        message = f"import: needs {error.name}; install it with: pip install -e '.[onnx]'"
        raise ToolError(message) from error
    return onnx


def judge(path: Path, pixels: str = "unit", image: Sequence[int] | None = None) -> Judged:
    """What becomes of every node of an ONNX model; see ``load``."""
    onnx = load_onnx()
    kind, shape = onnx.PixelRange(pixels), (*image, 1) if image else None
    return onnx.judge(onnx.read(path), as_file_name(path.stem), kind, shape)


def load(path: str | Path, *, pixels: str = "unit", image: tuple[int, int] | None = None) -> Model:
    """Read a model: *.onnx, *.npz, *.toml (untrained, random weights), a checkpoint or a graph.

    Of an ONNX model: ``pixels`` is what it gets for a byte p, "unit" p/255, "signed" 2p/255-1,
    "byte" p; ``image`` height and width, where it reads grey pixels as N,F. An .npz file holds
    packed weights of BNN-PYNQ's CNV or blueoil's LmnetV1. Raises ArtifactError for a file that
    cannot be read, GraphError for a network that cannot be taken, by the node.
    """
    path = Path(path)
    if path.suffix == ".npz":
        return Model(graph=packed.load(path, PACKED), path=path)
    if path.suffix != ".onnx":
        return load_sized(path)
    onnx = load_onnx()
    name, shape = as_file_name(path.stem), image and (*image, 1)
    found = onnx.import_graph(onnx.read(path), name, onnx.PixelRange(pixels), shape)
    return Model(graph=found.graph, path=path)
