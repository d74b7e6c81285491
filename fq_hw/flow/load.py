"""Any file that holds a model: checkpoint, graph, ONNX or TFLite model, configuration."""

from __future__ import annotations

import importlib
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
    from fq_hw.foreign.judged import Judged

__all__ = ["PACKED", "TFLITE", "judge", "load", "load_onnx", "load_tflite"]

TFLITE = ".tflite"
PACKED = {bnn_pynq.KEY: bnn_pynq.cnv, blueoil.KEY: blueoil.lmnet}


def load_onnx() -> ModuleType:
    """``fq_hw.foreign.onnx``, or a line that says how to install what it needs."""
    return reader("onnx")


def load_tflite() -> ModuleType:
    """``fq_hw.foreign.tflite``, or a line that says how to install what it needs."""
    return reader("tflite")


def reader(extra: str) -> ModuleType:
    """The package of ``fq_hw.foreign`` that is called like the extra which it needs."""
    try:
        return importlib.import_module(f"fq_hw.foreign.{extra}")
    except ModuleNotFoundError as error:
        message = f"import: needs {error.name}; install it with: pip install -e '.[{extra}]'"
        raise ToolError(message) from error


def judge(path: Path, pixels: str = "unit", image: Sequence[int] | None = None) -> Judged:
    """What becomes of every node of an ONNX or TFLite model; see ``load``."""
    name = as_file_name(path.stem)
    if path.suffix == TFLITE:
        tflite = load_tflite()
        return tflite.judge(tflite.read(path), name)
    onnx = load_onnx()
    kind, shape = onnx.PixelRange(pixels), (*image, 1) if image else None
    return onnx.judge(onnx.read(path), name, kind, shape)


def load(path: str | Path, *, pixels: str = "unit", image: tuple[int, int] | None = None) -> Model:
    """Read a model: *.onnx, *.tflite, *.npz, *.toml (untrained), a checkpoint or a graph.

    Of an ONNX model: ``pixels`` is what it gets for a byte p, "unit" p/255, "signed" 2p/255-1,
    "byte" p, "model" the number of which its first quantizer makes p; ``image`` height and width,
    where it reads grey pixels as N,F. An .npz file holds packed weights of BNN-PYNQ's CNV or
    blueoil's LmnetV1. A TFLite model is of int8; a byte stands for the integer 128 below it.
    Raises ArtifactError for a file that cannot be read, GraphError for a network that cannot be
    taken, by the node.
    """
    path = Path(path)
    if path.suffix == ".npz":
        return Model(graph=packed.load(path, PACKED), path=path)
    if path.suffix not in (".onnx", TFLITE):
        return load_sized(path)
    return Model(graph=judge(path, pixels, image).model.graph, path=path)
