"""The integer meaning of every op: numpy only, the truth that hardware is compared with."""

from fq_hw.golden.run import labels, run

__all__ = ["labels", "run"]
