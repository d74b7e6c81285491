"""ONNX models with quantizers: read, judge, import, and compare with qonnx's execution."""

from fq_hw.foreign.onnx import rules  # noqa: F401 - their functions declare themselves
from fq_hw.foreign.onnx.execution import compare
from fq_hw.foreign.onnx.imported import Imported, import_graph, judge
from fq_hw.foreign.onnx.reading import read
from fq_hw.foreign.pixels import PixelRange

__all__ = ["Imported", "PixelRange", "compare", "import_graph", "judge", "read"]
