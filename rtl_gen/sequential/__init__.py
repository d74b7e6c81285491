"""The sequential accelerator: one array, its memories, and the sequencer that steps it."""

from rtl_gen.sequential.top import SequentialAccelerator

__all__ = ["SequentialAccelerator"]
