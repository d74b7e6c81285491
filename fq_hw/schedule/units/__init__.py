"""Hardware units: one frozen record each, read by RTL, cycle model, estimate, report and tests.

A record holds geometry and folding only, no arrays; ROM contents travel in the plan's nodes. Every
stream carries beats of ``lanes`` integers; a pixel of C channels takes ceil(C / lanes) beats. The
unused lanes of a pixel's last beat are 0 in a stream of levels and are not read in one of sums.
"""

from fq_hw.schedule.memories import ceil_div, in_block_ram
from fq_hw.schedule.units.base import READ, Beat, Rom, Unit
from fq_hw.schedule.units.column_reorder import ReorderUnit
from fq_hw.schedule.units.concat import ConcatUnit
from fq_hw.schedule.units.conv_array import ArrayUnit
from fq_hw.schedule.units.conv_engine import ConvUnit
from fq_hw.schedule.units.depthwise_engine import DepthwiseUnit
from fq_hw.schedule.units.fold_buffer import FoldBufferUnit
from fq_hw.schedule.units.late_embedding import LateEmbedUnit
from fq_hw.schedule.units.line import LineUnit
from fq_hw.schedule.units.lookup import LookupUnit
from fq_hw.schedule.units.pad import PadUnit
from fq_hw.schedule.units.parameters import ParameterUnit, Replay
from fq_hw.schedule.units.pick import PickUnit
from fq_hw.schedule.units.pixel_embedding import EmbedUnit
from fq_hw.schedule.units.pixel_sum import PixelSumUnit
from fq_hw.schedule.units.plane_sum import PlaneUnit
from fq_hw.schedule.units.pool import Pooling, PoolUnit
from fq_hw.schedule.units.requantize import RequantizeUnit
from fq_hw.schedule.units.residual_add import AddUnit
from fq_hw.schedule.units.result import ResultKind, ResultUnit
from fq_hw.schedule.units.rom_stream import RomUnit
from fq_hw.schedule.units.scores import ScoreUnit
from fq_hw.schedule.units.sdram_words import SdramUnit
from fq_hw.schedule.units.select import SelectUnit
from fq_hw.schedule.units.skip_fifo import FifoUnit
from fq_hw.schedule.units.sliding_window import WindowUnit
from fq_hw.schedule.units.spread import SpreadUnit
from fq_hw.schedule.units.stream_fork import ForkUnit
from fq_hw.schedule.units.threshold import ThresholdUnit
from fq_hw.schedule.units.width_converter import ConvertUnit
from fq_hw.schedule.units.window_pool import WindowPoolUnit

__all__ = [
    "READ",
    "AddUnit",
    "ArrayUnit",
    "Beat",
    "ConcatUnit",
    "ConvUnit",
    "ConvertUnit",
    "DepthwiseUnit",
    "EmbedUnit",
    "FifoUnit",
    "FoldBufferUnit",
    "ForkUnit",
    "LateEmbedUnit",
    "LineUnit",
    "LookupUnit",
    "PadUnit",
    "ParameterUnit",
    "PickUnit",
    "PixelSumUnit",
    "PlaneUnit",
    "PoolUnit",
    "Pooling",
    "ReorderUnit",
    "Replay",
    "RequantizeUnit",
    "ResultKind",
    "ResultUnit",
    "Rom",
    "RomUnit",
    "ScoreUnit",
    "SdramUnit",
    "SelectUnit",
    "SpreadUnit",
    "ThresholdUnit",
    "Unit",
    "WindowPoolUnit",
    "WindowUnit",
    "ceil_div",
    "in_block_ram",
]
