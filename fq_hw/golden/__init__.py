"""The integer meaning of every op: numpy only, the truth that hardware is compared with."""

from fq_hw.golden.best import best_classes
from fq_hw.golden.run import batches, labels, run

__all__ = ["batches", "best_classes", "labels", "run"]
