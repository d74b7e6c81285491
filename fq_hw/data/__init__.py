"""Image data: one record, one loader per published format, all numpy."""

from fq_hw.data.dataset import Data, DataKind, Split, load

__all__ = ["Data", "DataKind", "Split", "load"]
