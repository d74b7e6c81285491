"""Hardware units: one frozen record each, read by RTL, cycle model, estimate, report and tests.

A record holds geometry and folding only, no arrays; ROM contents travel in the plan's nodes. Every
stream carries beats of ``lanes`` integers; a pixel of C channels takes ceil(C / lanes) beats. The
unused lanes of a pixel's last beat are 0 in a stream of levels and are not read in one of sums.
"""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.errors import FoldingError, require

__all__ = [
    "AddUnit",
    "Beat",
    "ConvUnit",
    "ConvertUnit",
    "EmbedUnit",
    "FifoUnit",
    "ForkUnit",
    "PixelSumUnit",
    "RomUnit",
    "ScoreUnit",
    "ThresholdUnit",
    "Unit",
    "WindowUnit",
    "ceil_div",
    "in_block_ram",
]


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


def in_block_ram(depth: int, width: int) -> bool:
    """Whether a memory goes to block RAM: when it is deep and fills a ninth of a block."""
    return depth > 16 and depth * width >= 2048


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What one transfer of a stream carries: ``lanes`` integers of ``bits``, lane 0 lowest."""

    lanes: int
    bits: int
    signed: bool = False

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.lanes * self.bits


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Base of all units; says nothing but that it is one."""

    def check(self, ok: object, contract: str, got: object) -> None:
        """Raise FoldingError, naming the unit, unless ``ok``."""
        require(ok, type(self).__name__, contract, got, FoldingError)


@dataclass(frozen=True, kw_only=True)
class EmbedUnit(Unit):
    """Pixel embedding ROM: ``colours`` bytes in, ``colours * length`` levels out, one pixel a beat.

    ``tables`` is 1 where the colours share one table; each colour has a read port of its own.
    """

    colours: int
    length: int
    bits: int
    tables: int
    pixels: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.colours, bits=8)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.colours * self.length, bits=self.bits)

    @property
    def beats(self) -> int:
        """Beats a frame, and the cycles it takes at least."""
        return self.pixels

    def latency(self) -> int:
        """Cycles from taking a beat to offering its result."""
        return 1


@dataclass(frozen=True, kw_only=True)
class ConvertUnit(Unit):
    """Width converter: pixels of ``channels``, beats of ``lanes_in`` in and ``lanes_out`` out.

    One of the two must divide the other. Lanes beyond the last channel are 0 on the way out and
    ignored on the way in.
    """

    channels: int
    pixels: int
    lanes_in: int
    lanes_out: int
    bits: int
    signed: bool = False

    def __post_init__(self) -> None:
        low, high = sorted((self.lanes_in, self.lanes_out))
        self.check(
            low >= 1 and high % low == 0,
            f"lanes_in={self.lanes_in} and lanes_out must divide one the other",
            self.lanes_out,
        )
        self.check(low != high, "lanes_in and lanes_out must differ", low)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes_in, bits=self.bits, signed=self.signed)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes_out, bits=self.bits, signed=self.signed)

    @property
    def beats_in(self) -> int:
        """Input beats of a pixel."""
        return ceil_div(self.channels, self.lanes_in)

    @property
    def beats_out(self) -> int:
        """Output beats of a pixel."""
        return ceil_div(self.channels, self.lanes_out)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * max(self.beats_in, self.beats_out)

    def latency(self) -> int:
        """Cycles from the first input beat of an output beat to offering it."""
        return min(max(self.lanes_out // self.lanes_in, 1), self.beats_in)


@dataclass(frozen=True, kw_only=True)
class WindowUnit(Unit):
    """Line buffer and sliding window: rows in, kernel windows out, each ``repeats`` times.

    Order out: window row, window column, channel fold; the window is repeated for every fold of the
    output channels. The buffer is a ring of 2**k words that holds ``rows`` whole rows; a row is
    freed when the last window that needs it has been read.
    """

    height: int
    width: int
    channels: int
    lanes: int
    bits: int
    kernel: int
    stride: int
    padding: int
    repeats: int

    def __post_init__(self) -> None:
        self.check(
            1 <= self.lanes <= self.channels, f"lanes must be in 1..{self.channels}", self.lanes
        )
        self.check(self.repeats >= 1, "repeats must be at least 1", self.repeats)
        self.check(
            self.kernel <= self.height + 2 * self.padding, "kernel must fit the height", self.kernel
        )
        self.check(
            self.kernel <= self.width + 2 * self.padding, "kernel must fit the width", self.kernel
        )

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    @property
    def folds(self) -> int:
        """Words of a pixel."""
        return ceil_div(self.channels, self.lanes)

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.width * self.folds

    @property
    def depth(self) -> int:
        """Words of the ring: room for the window's rows and those that arrive meanwhile."""
        least = (self.kernel + self.stride) * self.row_words
        return 1 << (least - 1).bit_length()

    @property
    def rows(self) -> int:
        """Whole rows that the ring holds."""
        return self.depth // self.row_words

    @property
    def out_height(self) -> int:
        """Windows down."""
        return (self.height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Windows across."""
        return (self.width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def window_beats(self) -> int:
        """Beats of one window, once."""
        return self.kernel**2 * self.folds

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least: every window beat, or every word written."""
        out = self.out_height * self.out_width * self.repeats * self.window_beats
        return max(out, self.height * self.row_words)

    def first_row(self, oy: int) -> int:
        """Topmost image row that window row ``oy`` and all later ones need."""
        return max(0, oy * self.stride - self.padding)

    def last_row(self, oy: int) -> int:
        """Bottommost image row in window row ``oy``."""
        return min(self.height - 1, oy * self.stride - self.padding + self.kernel - 1)

    def last_column(self, ox: int) -> int:
        """Rightmost image column in window column ``ox``."""
        return min(self.width - 1, ox * self.stride - self.padding + self.kernel - 1)

    def freed(self, oy: int) -> int:
        """Rows that nobody needs once window row ``oy`` is read."""
        if oy == self.out_height - 1:
            return self.height - self.first_row(oy)
        return self.first_row(oy + 1) - self.first_row(oy)

    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out, unstalled."""
        needed = self.last_row(0) * self.width + self.last_column(0) + 1
        return needed * self.folds + 2


@dataclass(frozen=True, kw_only=True)
class RomUnit(Unit):
    """A ROM streamed word after word, for ever: weights or levels. Ready before the first beat."""

    depth: int
    width: int

    def __post_init__(self) -> None:
        self.check(
            self.depth >= 1 and self.width >= 1, "needs words and bits", (self.depth, self.width)
        )

    @property
    def o(self) -> Beat:
        return Beat(lanes=1, bits=self.width)

    def latency(self) -> int:
        """Cycles from reset to the first word."""
        return 2


@dataclass(frozen=True, kw_only=True)
class ConvUnit(Unit):
    """Convolution engine: ``pe`` dot products over ``mw`` synapses, ``simd`` of them per cycle.

    raw = sum over bit planes p of 2**p * popcount(xnor(weight, act_p)); the signed result for
    weights -1/+1 is raw + offset, with one constant offset per channel that others fold away.
    ``sf`` beats give one output beat of ``pe`` channels; ``nf`` output beats make a pixel.
    """

    cin: int
    cout: int
    taps: int
    pixels: int
    pe: int
    simd: int
    act_bits: int

    def __post_init__(self) -> None:
        self.check(1 <= self.pe <= self.cout, f"pe must be in 1..{self.cout}", self.pe)
        self.check(1 <= self.simd <= self.cin, f"simd must be in 1..{self.cin}", self.simd)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.simd, bits=self.act_bits)

    @property
    def weight(self) -> Beat:
        """A weight word: ``pe`` rows of ``simd`` bits, 1 for +1."""
        return Beat(lanes=self.pe, bits=self.simd)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.pe, bits=self.raw_bits)

    @property
    def mw(self) -> int:
        """Synapses of an output channel."""
        return self.taps * self.cin

    @property
    def sf(self) -> int:
        """Synapse fold: beats per output beat."""
        return self.taps * ceil_div(self.cin, self.simd)

    @property
    def nf(self) -> int:
        """Neuron fold: output beats per pixel."""
        return ceil_div(self.cout, self.pe)

    @property
    def raw_bits(self) -> int:
        """Width of the unsigned sum."""
        return ((2**self.act_bits - 1) * self.mw).bit_length()

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.pe * self.simd

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * self.nf * self.sf

    def latency(self) -> int:
        """Cycles from the first accepted beat to offering the first output, unstalled."""
        return self.sf


@dataclass(frozen=True, kw_only=True)
class ThresholdUnit(Unit):
    """Requantize: per lane the number of levels not above x, counted down where a sign bit is set.

    A level word holds, lane by lane, ``2**out_bits - 1`` ascending levels of ``level_bits`` and a
    sign bit on top: y = count, or steps - count.
    """

    channels: int
    pixels: int
    lanes: int
    in_bits: int
    level_bits: int
    out_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    @property
    def steps(self) -> int:
        """Levels of a channel."""
        return 2**self.out_bits - 1

    @property
    def level(self) -> Beat:
        """A level word."""
        return Beat(lanes=self.lanes, bits=self.steps * self.level_bits + 1)

    @property
    def folds(self) -> int:
        """Beats of a pixel."""
        return ceil_div(self.channels, self.lanes)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * self.folds

    def latency(self) -> int:
        """Cycles from taking a beat to offering its result."""
        return 1


@dataclass(frozen=True, kw_only=True)
class ForkUnit(Unit):
    """One stream to ``ways`` readers; each takes every beat once, in its own time."""

    lanes: int
    bits: int
    ways: int = 2

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    def latency(self) -> int:
        """A fork adds no cycle."""
        return 0


@dataclass(frozen=True, kw_only=True)
class FifoUnit(Unit):
    """Skip FIFO: holds ``depth`` beats, its output register included."""

    lanes: int
    bits: int
    depth: int

    def __post_init__(self) -> None:
        self.check(self.depth >= 2, "depth must be at least 2", self.depth)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    def latency(self) -> int:
        """Cycles through an empty FIFO."""
        return 2


@dataclass(frozen=True, kw_only=True)
class AddUnit(Unit):
    """Integer residual adder: beat by beat the sum of two streams, in ``out_bits``."""

    lanes: int
    bits: tuple[int, int]
    out_bits: int

    @property
    def a(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[0])

    @property
    def b(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits[1])

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def latency(self) -> int:
        """Cycles from taking both beats to offering the sum."""
        return 1


@dataclass(frozen=True, kw_only=True)
class PixelSumUnit(Unit):
    """Sum over a frame's pixels, per channel, from a constant start value of each channel."""

    channels: int
    pixels: int
    lanes: int
    in_bits: int
    sum_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.in_bits)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.sum_bits, signed=True)

    @property
    def folds(self) -> int:
        """Beats of a pixel, and of the result."""
        return ceil_div(self.channels, self.lanes)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.pixels * self.folds

    def latency(self) -> int:
        """Cycles from taking the last pixel's beat to offering its sum."""
        return 1


@dataclass(frozen=True, kw_only=True)
class ScoreUnit(Unit):
    """Scores and label: each class's sum times its multiplier, bit by bit, and the argmax."""

    classes: int
    sum_bits: int
    multiplier_bits: int
    score_bits: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=1, bits=self.sum_bits, signed=True)

    @property
    def label_bits(self) -> int:
        """Width of the label."""
        return max((self.classes - 1).bit_length(), 1)

    @property
    def class_cycles(self) -> int:
        """Cycles from taking one class to taking the next."""
        return self.multiplier_bits + 2

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.classes * self.class_cycles + 1

    def latency(self) -> int:
        """Cycles from taking the last class to offering the result."""
        return self.class_cycles
