"""What an array is and does: its size, where tensors lie in its banks, and its passes.

A pass is one convolution, or a requantization of the trunk. Its loops, from the outside: folds of
``pe`` output channels, rows, groups of ``columns`` pixels, and for each group the steps over kernel
columns, kernel rows, words of input channels and planes of weights. Only a missing parameter
stalls inside a pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.memories import ceil_div

__all__ = ["DEPTHS", "Array", "Pass", "Region"]

DEPTHS = tuple(256 << n for n in range(8))  # of banks: one block RAM of a common width, and more
MOST = {"columns": 256, "simd": 1024, "depth": DEPTHS[-1]}


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
            power = 2 <= value <= MOST[name] and value & (value - 1) == 0
            contract = f"{name} must be a power of two in 2..{MOST[name]:,}"
            require(power, "Array", contract, value, kind=FoldingError)
        few = self.simd <= MOST["simd"]
        require(
            few, "Array", f"simd must be at most {MOST['simd']:,}", self.simd, kind=FoldingError
        )
        whole = 1 <= self.pe <= self.simd and self.simd % self.pe == 0
        require(whole, "Array", f"pe must divide simd={self.simd}", self.pe, kind=FoldingError)

    @property
    def macs(self) -> int:
        """Products per cycle."""
        return self.columns * self.pe * self.simd

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
    in bank h % columns, at base + ((row * words + word) * stride + parity) * groups + h // columns.
    One ``alone`` has a half of the banks that nothing else lies in; its addresses are those of the
    half, as are those of all others then.
    """

    base: int
    rows: int
    groups: int
    words: int
    stride: int
    alone: bool = False

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
        """Addresses in all."""
        return self.rows * self.row_step


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over an output tensor of ``rows`` x ``width`` pixels and ``folds`` x pe channels.

    kernel    1 or 3; 0 where nothing is convolved and the trunk alone is requantized
    source    the levels that are convolved
    dest      where the requantized levels go, None if nobody wants them
    add       the trunk's values are added
    keep      the sums become the trunk's values
    give      the sums leave the array
    thin      of what is convolved at every column, only every second one counts: a tensor that is
              also read without a stride lies in the banks as that reader wants it
    depthwise  an output channel reads its own input channel alone: the word that it lies in
    planes    binary planes of the weights, the highest first
    inverted  whether the highest plane counts negative
    low, high  levels between which those of a line stay
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
    give: bool = False
    thin: bool = False
    depthwise: bool = False
    planes: int = 1
    inverted: bool = False
    low: int = 0
    high: int = 0

    @property
    def groups(self) -> int:
        """Groups of pixels in a row."""
        return ceil_div(self.width, self.array.columns)

    @property
    def read_groups(self) -> int:
        """Groups that are read for a row: twice as many where only every second column counts."""
        return self.groups * (2 if self.thin else 1)

    @property
    def across(self) -> int:
        """Distance of neighbouring outputs' pixels, as they are read."""
        return 1 if self.thin else self.stride

    @property
    def last_columns(self) -> int:
        """Pixels of a row's last group that lie inside the image."""
        return self.width - (self.groups - 1) * self.array.columns

    @property
    def dense(self) -> bool:
        """Whether kernel columns read three neighbours: the sums end a column further right."""
        return (self.kernel, self.across) == (3, 1)

    @property
    def turned(self) -> bool:
        """Whether the sums of a group come with its last pixel first."""
        return self.dense and not self.thin

    @property
    def words(self) -> int:
        """Words of a pixel that a fold reads."""
        return self.source.words if self.source and not self.depthwise else 1

    @property
    def steps(self) -> int:
        """Cycles of a group of pixels, one for each word of a fold's weights."""
        return self.kernel**2 * self.words * self.planes

    @property
    def out_cycles(self) -> int:
        """Cycles that a group's sums need to leave: one a column, two where the trunk is read."""
        return self.array.columns * (2 if self.add else 1)

    @property
    def weight_groups(self) -> int:
        """How often the weights of a fold are read."""
        return self.rows * self.read_groups

    @property
    def wait(self) -> int:
        """Cycles that a group waits for the sums of the one before."""
        return max(0, self.out_cycles - self.steps)
