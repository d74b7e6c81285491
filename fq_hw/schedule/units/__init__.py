"""Hardware units: one frozen record each, read by RTL, cycle model, estimate, report and tests.

A record holds geometry and folding only, no arrays; ROM contents travel in the plan's nodes. Every
stream carries beats of ``lanes`` integers; a pixel of C channels takes ceil(C / lanes) beats. The
unused lanes of a pixel's last beat are 0 in a stream of levels and are not read in one of sums.
"""

from fq_hw.schedule.units.base import READ, Beat, Rom, Unit, ceil_div, in_block_ram
from fq_hw.schedule.units.engine import ConvUnit, RomUnit, ThresholdUnit
from fq_hw.schedule.units.pixels import ConvertUnit, EmbedUnit, ReorderUnit, WindowUnit
from fq_hw.schedule.units.planes import PlaneUnit
from fq_hw.schedule.units.pool import Pooling, PoolUnit
from fq_hw.schedule.units.requantize import RequantizeUnit
from fq_hw.schedule.units.residual import AddUnit, ConcatUnit, FifoUnit, ForkUnit
from fq_hw.schedule.units.result import PixelSumUnit, ScoreUnit

__all__ = [
    "READ",
    "AddUnit",
    "Beat",
    "ConcatUnit",
    "ConvUnit",
    "ConvertUnit",
    "EmbedUnit",
    "FifoUnit",
    "ForkUnit",
    "PixelSumUnit",
    "PlaneUnit",
    "PoolUnit",
    "Pooling",
    "ReorderUnit",
    "RequantizeUnit",
    "Rom",
    "RomUnit",
    "ScoreUnit",
    "ThresholdUnit",
    "Unit",
    "WindowUnit",
    "ceil_div",
    "in_block_ram",
]
