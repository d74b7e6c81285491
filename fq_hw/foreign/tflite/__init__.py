"""int8 models in TFLite's format: read, judge, import, and compare with LiteRT's execution."""

from fq_hw.foreign.tflite import rules
from fq_hw.foreign.tflite.execution import Reference, compare
from fq_hw.foreign.tflite.importer import Imported, judge
from fq_hw.foreign.tflite.reading import Network, read

__all__ = ["Imported", "Network", "Reference", "compare", "judge", "read", "rules"]
