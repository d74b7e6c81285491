"""The ops. Axes are N,H,W,C and O,KH,KW,C, channel fastest; every tensor is an integer.

Adding an op means one class here, its type in ``types.py``, one golden function and one lowering.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.ir.axis import Axis, Places
from fq_hw.ir.op import MOST_BITS, Op, check_bits, check_scale, check_sign, check_size, freeze

__all__ = [
    "Add",
    "ArgMax",
    "Bias",
    "ClassScale",
    "Concat",
    "Conv",
    "DepthToSpace",
    "Embed",
    "Flatten",
    "Grid",
    "Input",
    "Lookup",
    "MaxPool",
    "Op",
    "PixelSum",
    "Requantize",
    "Select",
    "SpaceToDepth",
    "SumPool",
    "Threshold",
]


MOST_WEIGHT = 2**15  # of a weight: more has no use, and sums stay far below 2**63
MOST_WEIGHTS = 2**24  # of one convolution
MOST_TIMES = 2**32  # of an Add's inputs: float32 scales a few octaves apart need 28 bits
MOST_STRIDE = 255
MOST_PIXELS = 2**12  # of a side of the image


def sides(value: int | tuple[int, ...] | None, count: int) -> tuple[int, ...]:
    """What one number, or ``count`` of them, say of so many sides."""
    return value if isinstance(value, tuple) else (value or 0,) * count


def check_sides(op: Conv | MaxPool) -> None:
    """Check how the windows of ``op`` lie, and keep as one number what is equal on all sides."""
    for field, count in (("stride", 2), ("dilation", 2), ("padding", 4)):
        value = getattr(op, field)
        found = tuple(map(int, value)) if isinstance(value, tuple | list) else (int(value),)
        contract = f"{field} must be one number, or {count}"
        require(len(found) in (1, count), op.where, contract, found, kind=GraphError)
        object.__setattr__(op, field, found[0] if len(set(found)) == 1 else found)
    steps = (*sides(op.stride, 2), *sides(op.dilation, 2))
    contract = f"stride and dilation must be in 1..{MOST_STRIDE}"
    fits = min(steps) >= 1 and max(steps) <= MOST_STRIDE
    require(fits, op.where, contract, steps, kind=GraphError)
    for axis in axes(op):
        most, pads = axis.reach - 1, (axis.before, axis.after)
        fits = min(pads) >= 0 and max(pads) <= most
        contract = f"padding must be in 0..{most}, less than the kernel spans"
        require(fits, op.where, contract, pads, kind=GraphError)


def axes(op: Conv | MaxPool) -> tuple[Axis, Axis]:
    """How the windows of ``op`` lie down and across."""
    (top, left, bottom, right), strides = sides(op.padding, 4), sides(op.stride, 2)
    ways = zip(op.kernel, strides, sides(op.dilation, 2), (top, left), (bottom, right), strict=True)
    down, across = (
        Axis(kernel=kernel, stride=stride, dilation=dilation, before=before, after=after)
        for kernel, stride, dilation, before, after in ways
    )
    return down, across


@dataclass(frozen=True, kw_only=True, eq=False)
class Input(Op):
    """The image: uint8 of shape H,W,C.

    scale    as in Threshold
    meaning  scale and zero, where somebody says what a byte is: the real number
             scale * (byte - zero)
    """

    shape: tuple[int, int, int]
    scale: float | None = None
    meaning: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        fits = len(self.shape) == 3 and min(self.shape) >= 1
        require(fits, self.where, "shape must be H,W,C", self.shape, kind=GraphError)
        small = max(self.shape[:2]) <= MOST_PIXELS
        contract = f"height and width must be at most {MOST_PIXELS}"
        require(small, self.where, contract, self.shape, kind=GraphError)
        check_size(self, self.shape)
        check_scale(self, self.scale)
        if self.meaning is None:
            return
        object.__setattr__(self, "meaning", tuple(float(x) for x in self.meaning))
        pair = len(self.meaning) == 2
        usual = pair and 2.0**-256 <= self.meaning[0] <= 2.0**256 and 0 <= self.meaning[1] <= 255
        contract = "meaning must be a scale in 2**-256..2**256, and a zero in 0..255"
        require(usual, self.where, contract, self.meaning, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Embed(Op):
    """Pixel embedding: y[..., c*K + i] = table[c or 0, x[..., c], i].

    Shapes  x: N,H,W,C; table: 1,256,K (shared by the colours) or C,256,K; y: N,H,W,C*K
    Types   x: u8; y: u<out_bits>
    scale   as in Threshold
    """

    table: np.ndarray
    out_bits: int
    scale: float | None = None

    def __post_init__(self) -> None:
        freeze(self, "table")
        check_bits(self, self.out_bits)
        check_scale(self, self.scale)
        fits = self.table.ndim == 3 and self.table.shape[1] == 256
        require(fits, self.where, "table must be T,256,K", self.table.shape, kind=GraphError)
        high = int(self.table.max())
        small = self.table.min() >= 0 and high < 2**self.out_bits
        require(small, self.where, f"table must hold u{self.out_bits}", high, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Op):
    """Convolution with integer weights, no bias.

    Shapes     x: N,H,W,C; weight: O,KH,KW,C/groups; y: N,OH,OW,O
    Types      x: unsigned levels; weight: -1/+1 where it is binary, else any; y: signed integer
    stride, dilation   down and across, or one number for both
    padding    top, left, bottom, right, or one number for all; less than what the kernel spans
    groups     output channels in so many equal runs, each of which reads its run of the inputs;
               depthwise where each input channel is one
    scale      real value of one unit of y where one constant serves all channels, else None
    pad_level  the level outside the image: not 0 where another level stands for the number 0
    """

    weight: np.ndarray
    stride: int | tuple[int, int]
    padding: int | tuple[int, int, int, int]
    scale: float | None
    pad_level: int = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1

    def __post_init__(self) -> None:
        freeze(self, "weight")
        shape = self.weight.shape
        contract = "weight must be O,KH,KW,C"
        require(self.weight.ndim == 4, self.where, contract, shape, kind=GraphError)
        contract = f"must have at most {MOST_WEIGHTS:,} weights"
        few = self.weight.size <= MOST_WEIGHTS
        require(few, self.where, contract, shape, kind=GraphError)
        most = max(int(self.weight.max()), -int(self.weight.min()))
        contract = f"weights must be in -{MOST_WEIGHT}..{MOST_WEIGHT}, and not all 0"
        require(0 < most <= MOST_WEIGHT, self.where, contract, most, kind=GraphError)
        check_sides(self)
        fits = self.groups >= 1 and len(self.weight) % self.groups == 0
        contract = f"groups must divide the {len(self.weight)} channels that it makes"
        require(fits, self.where, contract, self.groups, kind=GraphError)
        level = 0 <= self.pad_level < 2**MOST_BITS
        contract = f"pad_level must be in 0..{2**MOST_BITS - 1}"
        require(level, self.where, contract, self.pad_level, kind=GraphError)
        check_scale(self, self.scale)

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the kernel."""
        return self.weight.shape[1], self.weight.shape[2]

    @property
    def taps(self) -> int:
        """Places of a window."""
        return math.prod(self.kernel)

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """How its windows lie down and across."""
        return axes(self)

    @property
    def pointwise(self) -> bool:
        """Whether each pixel is made of one alone, at the same place."""
        return all(axis.plain for axis in self.axes)

    @property
    def depthwise(self) -> bool:
        """Whether each channel is made of one alone, at the same place."""
        return self.groups == len(self.weight) > 1 and self.weight.shape[3] == 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Bias(Op):
    """y[..., c] = x[..., c] + bias[c]."""

    bias: np.ndarray

    def __post_init__(self) -> None:
        freeze(self, "bias", wide=True)
        shape = self.bias.shape
        require(self.bias.ndim == 1, self.where, "bias must be a vector", shape, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Threshold(Op):
    """Requantize: y = number of levels t[c, :] with sign[c] * x >= t.

    Shapes  x, y: N,H,W,C; levels: C,T with T = 2**out_bits - 1, ascending along T; sign: C
    Types   x: signed integer; levels: real, integer after ``round_thresholds``; y: u<out_bits>
    scale   real value of one unit of y where y is added to another tensor, else None
    """

    levels: np.ndarray
    sign: np.ndarray
    out_bits: int
    scale: float | None = None

    def __post_init__(self) -> None:
        freeze(self, "levels", real=True, wide=True)
        freeze(self, "sign")
        check_bits(self, self.out_bits)
        check_scale(self, self.scale)
        steps, shape = 2**self.out_bits - 1, self.levels.shape
        fits = len(shape) == 2 and shape[-1] == steps
        require(fits, self.where, f"needs {steps} levels per channel", shape, kind=GraphError)
        numbers = not np.isnan(self.levels).any()
        require(numbers, self.where, "levels must be numbers, and one is NaN", kind=GraphError)
        falls = (self.levels[:, 1:] < self.levels[:, :-1]).any(axis=1)
        channel = int(falls.argmax())
        contract = f"levels must ascend, and those of channel {channel} do not"
        got = self.levels[channel].tolist()
        require(not falls.any(), self.where, contract, got, kind=GraphError)
        check_sign(self, self.sign, shape[:1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantize(Op):
    """Requantize by a shift: y = x / 2**shift, rounded half up, brought into 0..2**out_bits - 1.

    Types  x: signed integer; y: u<out_bits>. A negative shift multiplies.
    scale  as in Threshold
    """

    shift: int
    out_bits: int
    scale: float | None = None

    def __post_init__(self) -> None:
        check_bits(self, self.out_bits)
        check_scale(self, self.scale)
        fits = -32 <= self.shift <= 32
        require(fits, self.where, "shift must be in -32..32", self.shift, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup(Op):
    """y = table[x]: any function of levels.

    Types  x: unsigned levels below the table's length, at most 2**8; y: integer
    scale  as in Threshold
    """

    table: np.ndarray
    scale: float | None = None

    def __post_init__(self) -> None:
        freeze(self, "table", wide=True)
        check_scale(self, self.scale)
        shape, most = self.table.shape, 2**MOST_BITS
        fits = len(shape) == 1 and shape[0] <= most
        require(fits, self.where, f"table must be a vector of at most {most}", shape,
                kind=GraphError)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Op):
    """Windows of ``kernel`` rows and columns side by side; what fills no window is left out.

    Shapes  x: N,H,W,C; y: N,H//rows,W//columns,C
    """

    kernel: tuple[int, int]

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """How its windows lie down and across."""
        rows, columns = self.kernel
        return Axis(kernel=rows, stride=rows), Axis(kernel=columns, stride=columns)

    @property
    def apart(self) -> bool:
        """Whether its windows lie side by side, none of them partly outside."""
        return all(axis.apart for axis in self.axes)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", tuple(int(n) for n in self.kernel))
        fits = len(self.kernel) == 2 and min(self.kernel) >= 1
        require(fits, self.where, "kernel must be rows, columns", self.kernel, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxPool(Pool):
    """The largest value of each window, per channel; the smallest where ``sign`` is -1.

    A maximum of what falls as the integers rise is their minimum. What lies outside the image does
    not count.

    Shapes   x: N,H,W,C; y: N,OH,OW,C
    stride   down and across, or one number for both; that of windows side by side where it is None
    dilation, padding   as in Conv
    """

    sign: np.ndarray | None = None
    stride: int | tuple[int, int] | None = None
    padding: int | tuple[int, int, int, int] = 0
    dilation: int | tuple[int, int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel)
        check_sides(self)
        if self.sign is not None:
            freeze(self, "sign")
            check_sign(self, self.sign, self.sign.shape[:1])

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """How its windows lie down and across."""
        return axes(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class SumPool(Pool):
    __doc__ = f"The sum over each window, per channel: an average times its size. {Pool.__doc__}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Flatten(Op):
    """One pixel of all values: y[n, 0, 0, (h*W + w)*C + c] = x[n, h, w, c]."""


def check_indices(op: Grid | Select, *fields: str) -> None:
    """Raise GraphError unless each of ``fields`` lists places, -1 for those outside."""
    for field in fields:
        freeze(op, field, wide=True)
        found = getattr(op, field)
        fits = found.ndim == 1 and found.min() >= -1
        require(fits, op.where, f"{field} must be a vector of numbers from -1 up", found.shape,
                kind=GraphError)  # fmt: skip
    contract = f"level must be in 0..{2**MOST_BITS - 1}"
    require(0 <= op.level < 2**MOST_BITS, op.where, contract, op.level, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid(Op):
    """Rows and columns left out, repeated, padded: y[n, i, j] = x[n, rows[i], columns[j]].

    Shapes  x: N,H,W,C; rows: OH; columns: OW; y: N,OH,OW,C
    Types   x: unsigned levels where there is padding
    Where a row or column is -1 all channels are ``level``. Padding stands at the ends alone;
    between them are evenly spaced places in their order, each as often as the others.
    """

    rows: np.ndarray
    columns: np.ndarray
    level: int = 0

    def __post_init__(self) -> None:
        check_indices(self, "rows", "columns")
        for field in ("rows", "columns"):
            found = getattr(self, field)
            contract = f"{field} must be evenly spaced, equally often, between padding"
            fits = Places.of(found) is not None
            require(fits, self.where, contract, found[:8].tolist(), kind=GraphError)

    @property
    def places(self) -> tuple[Places, Places]:
        """The rows and the columns that it takes."""
        down, across = Places.of(self.rows), Places.of(self.columns)
        assert down is not None and across is not None  # __post_init__ has seen to it
        return down, across

    @property
    def padded(self) -> bool:
        """Whether pixels come from outside."""
        return any(places.padded for places in self.places)


@dataclass(frozen=True, kw_only=True, eq=False)
class Select(Op):
    """Channels left out, repeated, in any order: y[..., k] = x[..., order[k]].

    Shapes  x: N,H,W,C; order: K; y: N,H,W,K
    Types   x: unsigned levels where a channel is -1, which is ``level`` everywhere
    """

    order: np.ndarray
    level: int = 0

    def __post_init__(self) -> None:
        check_indices(self, "order")


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks(Op):
    """Base of ops between pixels and the channels of blocks of them, rows x columns."""

    block: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "block", tuple(int(n) for n in self.block))
        fits = len(self.block) == 2 and min(self.block) >= 1 and max(self.block) <= MOST_STRIDE
        contract = f"block must be rows, columns in 1..{MOST_STRIDE}"
        require(fits, self.where, contract, self.block, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceToDepth(Blocks):
    """Blocks of pixels become one: y[n, h, w, (i*B + j)*C + c] = x[n, h*A + i, w*B + j, c].

    Shapes  x: N,H*A,W*B,C; y: N,H,W,A*B*C for blocks of A x B
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthToSpace(Blocks):
    """Pixels become blocks: y[n, h*A + i, w*B + j, c] = x[n, h, w, (i*B + j)*C + c].

    Shapes  x: N,H,W,A*B*C; y: N,H*A,W*B,C for blocks of A x B
    Types   x: unsigned levels
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class Join(Op):
    """Two tensors of one height and width, pixel by pixel; either may come first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Join):
    """Residual add: y = a * times[0] * 2**shift[0] + b * times[1] * 2**shift[1].

    Both must then have one and the same constant scale: a.scale / (times[0] * 2**shift[0]), and so
    on.
    """

    shift: tuple[int, int] = (0, 0)
    times: tuple[int, int] = (1, 1)

    @property
    def factors(self) -> tuple[int, int]:
        """What a and b are multiplied by."""
        first, second = (n << bits for n, bits in zip(self.times, self.shift, strict=True))
        return first, second

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(int(n) for n in self.times))
        fits = len(self.times) == 2 and min(self.times) >= 1 and max(self.times) <= MOST_TIMES
        contract = f"times must be two numbers in 1..{MOST_TIMES}"
        require(fits, self.where, contract, self.times, kind=GraphError)
        object.__setattr__(self, "shift", tuple(int(n) for n in self.shift))
        fits = len(self.shift) == 2 and min(self.shift) >= 0 and max(self.shift) <= 32
        contract = "shift must be two numbers in 0..32"
        require(fits, self.where, contract, self.shift, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Join):
    """Concatenation: the channels of a, then those of b; where ``swapped`` those of b first.

    Shapes  a: N,H,W,C; b: N,H,W,D; y: N,H,W,C+D
    """

    swapped: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class PixelSum(Op):
    """y[n, 0, 0, c] = sum over all pixels of x[n, :, :, c]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassScale(Op):
    """Scores: y[..., c] = x[..., c] * multiplier[c] + bias[c]."""

    multiplier: np.ndarray
    bias: np.ndarray | None = None

    def __post_init__(self) -> None:
        freeze(self, "multiplier", wide=True)
        if self.bias is not None:
            freeze(self, "bias", wide=True)
            fits = self.bias.shape == self.multiplier.shape
            contract = f"bias must be {self.multiplier.shape}"
            require(fits, self.where, contract, self.bias.shape, kind=GraphError)
        contract = "multiplier must be a vector"
        shape = self.multiplier.shape
        require(self.multiplier.ndim == 1, self.where, contract, shape, kind=GraphError)


@dataclass(frozen=True, kw_only=True, eq=False)
class ArgMax(Op):
    """Index of the largest channel, the lowest of equal ones: N,1,1,1."""
