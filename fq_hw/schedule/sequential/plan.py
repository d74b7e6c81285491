"""A sequential plan: the passes that one array makes over its memories, and their exact cycles.

A pass is one convolution, or a requantization of the trunk. Its loops, from the outside: folds of
``pe`` output channels, rows, groups of ``columns`` pixels, and for each group the steps over kernel
rows, words of input channels and kernel columns. Nothing stalls inside a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.timing import Schedule
from fq_hw.schedule.two_tree import build
from fq_hw.schedule.units import ScoreUnit, ceil_div

__all__ = ["Array", "Pass", "Region", "SequentialPlan"]


@dataclass(frozen=True, kw_only=True)
class Array:
    """The array: ``columns`` pixels of a row x ``pe`` output channels x ``simd`` input channels.

    Each column has a bank of ``depth`` activation words, a word being ``simd`` channels of a pixel.
    ``levels_per_stage`` levels of a dot product's adders stand between registers, None for all.
    """

    columns: int = 8
    pe: int = 2
    simd: int = 16
    depth: int = 256
    levels_per_stage: int | None = None

    def __post_init__(self) -> None:
        for name in ("columns", "depth"):
            value = getattr(self, name)
            power = value >= 2 and value & (value - 1) == 0
            require(
                power, "Array", f"{name} must be a power of two above 1", value, kind=FoldingError
            )
        whole = 1 <= self.pe <= self.simd and self.simd % self.pe == 0
        require(whole, "Array", f"pe must divide simd={self.simd}", self.pe, kind=FoldingError)

    @property
    def word_bits(self) -> int:
        """Width of a word of parameters: the weights of a cycle."""
        return self.pe * self.simd

    @property
    def lane_groups(self) -> int:
        """Folds of output channels that make one activation word."""
        return self.simd // self.pe


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where a tensor of levels lies in the activation banks.

    Pixel x of a row has the index h = x // stride in its row of the same parity x % stride. It lies
    in bank h % columns, at base + ((row * words + word) * stride + parity) * groups + h // columns;
    the last bank holds its pixels one address further, so that a group and the pixel before it are
    read at one address.
    """

    base: int
    rows: int
    groups: int
    words: int
    stride: int

    @property
    def row_step(self) -> int:
        """Addresses from a row to the next."""
        return self.words * self.stride * self.groups

    @property
    def word_step(self) -> int:
        """Addresses from a pixel's word to its next."""
        return self.stride * self.groups

    @property
    def size(self) -> int:
        """Addresses in all; the last bank uses one more."""
        return self.rows * self.row_step


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over an output tensor of ``rows`` x ``width`` pixels and ``folds`` x pe channels.

    kernel    1 or 3; 0 where nothing is convolved and the trunk alone is requantized
    source    the levels that are convolved
    dest      where the requantized levels go, None if nobody wants them
    add       the trunk's values are added
    keep      the sums become the trunk's values
    total     the sums are added over all pixels: the classes
    """

    name: str
    kernel: int
    stride: int
    rows: int
    width: int
    folds: int
    array: Array
    source: Region | None = None
    dest: Region | None = None
    add: bool = False
    keep: bool = False
    total: bool = False

    @property
    def groups(self) -> int:
        """Groups of pixels in a row."""
        return ceil_div(self.width, self.array.columns)

    @property
    def last_columns(self) -> int:
        """Pixels of a row's last group that lie inside the image."""
        return self.width - (self.groups - 1) * self.array.columns

    @property
    def blocks(self) -> int:
        """Loads of a group of pixels per kernel row."""
        words = self.source.words if self.source else 0
        return words * (2 if (self.kernel, self.stride) == (3, 2) else 1)

    @property
    def block_steps(self) -> int:
        """Steps of a block: the load, and shifts by a pixel."""
        return 3 if (self.kernel, self.stride) == (3, 1) else 2

    @property
    def steps(self) -> int:
        """Cycles in which a group of pixels reads activations."""
        return self.kernel * self.blocks * self.block_steps

    @property
    def uses(self) -> int:
        """Words of weights of a fold."""
        return self.kernel**2 * self.source.words if self.source else 0

    @property
    def out_cycles(self) -> int:
        """Cycles that a group's sums need to leave: one a column, two where the trunk is read."""
        return self.array.columns * (2 if self.add else 1)

    @property
    def wait(self) -> int:
        """Cycles that a group waits for the sums of the one before."""
        return max(0, self.out_cycles - self.steps)


@dataclass(frozen=True, kw_only=True, eq=False)
class SequentialPlan:
    """Everything that the accelerator is made from.

    parameters   words of ``array.word_bits`` bits, one row of 0/1 each, in the order they are read:
                 per pass and fold the weights, then ``header_words`` with levels or start values
    image_region where the embedded image goes; ``table`` embeds a colour
    value_bits   of sums and of the trunk; ``acc_bits`` of a convolution's sums alone
    level_bits   of a threshold; the header has ``steps`` of them and a sign per channel
    trunk_depth  words of ``pe`` values
    """

    name: str
    image: tuple[int, int, int]
    array: Array
    act_bits: int
    table: np.ndarray
    image_region: Region
    passes: tuple[Pass, ...]
    parameters: np.ndarray
    acc_bits: int
    value_bits: int
    level_bits: int
    field_bits: int
    trunk_depth: int
    multiplier: np.ndarray
    result: ScoreUnit

    @property
    def steps(self) -> int:
        """Levels of a threshold."""
        return 2**self.act_bits - 1

    @property
    def header_words(self) -> int:
        """Words of parameters behind a fold's weights."""
        return ceil_div(self.array.pe * self.field_bits, self.array.word_bits)

    @property
    def dot_stages(self) -> int:
        """Register stages inside a dot product."""
        return build(self.array.simd, self.act_bits, self.array.levels_per_stage).stages

    @property
    def settle(self) -> int:
        """Cycles before new levels are read, while the sums of the last fold still need theirs."""
        return self.dot_stages + 2

    @property
    def drain(self) -> int:
        """Cycles from a pass's last group to where all its results are in memory."""
        return 2 * self.array.columns + self.dot_stages + 5

    @property
    def pixel_cycles(self) -> int:
        """Cycles to embed a pixel: a lookup per colour, then its words."""
        return self.image[2] + 1 + self.image_region.words

    @property
    def load_cycles(self) -> int:
        """Cycles in which the image enters, if it never keeps the accelerator waiting."""
        columns = ceil_div(self.image[1], self.array.columns) * self.array.columns
        return self.image[0] * columns * self.pixel_cycles

    def fold_cycles(self, step: Pass) -> int:
        """Cycles of one fold of a pass."""
        count = step.rows * step.groups
        headers = 1 if count == 1 else 2  # the first group reads them, the last one skips them
        return count * (step.steps + step.wait) + self.settle + headers * self.header_words

    def pass_cycles(self, step: Pass) -> int:
        """Cycles of a pass, but for the classes' way to the score unit."""
        return 1 + step.folds * self.fold_cycles(step) + self.drain

    @cached_property
    def frame_cycles(self) -> tuple[int, int]:
        """Cycles from one frame's load to the next one's, and to its last class's sum."""
        now, free = self.load_cycles + len(self.passes) - 1, 0  # a cycle from pass to pass
        for step in self.passes:
            if not step.total:
                now += self.pass_cycles(step)
                continue
            left = self.result.classes
            for _ in range(step.folds):
                now += self.pass_cycles(replace(step, folds=1))
                for _ in range(min(left, self.array.pe)):
                    taken = max(now, free)  # the score unit takes a class when it has time
                    now, free = taken + 2, taken + self.result.class_cycles
                left -= self.array.pe
        return now, taken

    @property
    def interval(self) -> int:
        """Cycles per frame, when neither side ever waits."""
        return self.frame_cycles[0]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel's transfer to the result's, when neither side waits."""
        return self.frame_cycles[1] + self.result.latency() - self.first_pixel

    @property
    def first_pixel(self) -> int:
        """Cycle in which the first pixel moves: a pixel is taken with its last colour."""
        return self.image[2] - 1

    def schedule(self, frames: int) -> Schedule:
        """In which cycles the first pixel and the results of so many frames move."""
        first = self.first_pixel + self.latency
        results = tuple(first + n * self.interval for n in range(frames))
        return Schedule(first_pixel=self.first_pixel, results=results)

    @property
    def ebr(self) -> int:
        """Block RAMs of iCE40, 256 words of 16 bits, for banks and embedding; at most."""
        bank = ceil_div(self.array.simd * self.act_bits, 16) * ceil_div(self.array.depth, 256)
        tables, rows, length = self.table.shape
        table = ceil_div(length * self.act_bits, 16) * ceil_div(tables * rows, 256)
        return self.array.columns * bank + table

    @property
    def spram(self) -> int:
        """SPRAM of iCE40 UltraPlus, 16,384 words of 16 bits, for parameters and trunk."""
        words = (len(self.parameters), self.array.word_bits), (self.trunk_depth, self.array.pe * 16)
        return sum(ceil_div(depth, 16_384) * ceil_div(width, 16) for depth, width in words)
