"""Every kind of component: once this is imported, ``rtl_gen.component`` knows them all."""

from rtl_gen.column_reorder import ColumnReorder
from rtl_gen.concat import Concat
from rtl_gen.conv_engine import ConvEngine
from rtl_gen.pixel_embedding import PixelEmbedding
from rtl_gen.pixel_sum import PixelSum
from rtl_gen.plane_sum import PlaneSum
from rtl_gen.pool import Pool
from rtl_gen.requantize import Requantize
from rtl_gen.residual_add import ResidualAdd
from rtl_gen.rom_stream import RomStream
from rtl_gen.scores import Scores
from rtl_gen.skip_fifo import SkipFifo
from rtl_gen.sliding_window import SlidingWindow
from rtl_gen.stream_fork import StreamFork
from rtl_gen.threshold import Threshold
from rtl_gen.width_converter import WidthConverter

__all__ = [
    "ColumnReorder",
    "Concat",
    "ConvEngine",
    "PixelEmbedding",
    "PixelSum",
    "PlaneSum",
    "Pool",
    "Requantize",
    "ResidualAdd",
    "RomStream",
    "Scores",
    "SkipFifo",
    "SlidingWindow",
    "StreamFork",
    "Threshold",
    "WidthConverter",
]
