"""Units that bring pixels to an engine: embedding, width converter, sliding window, reordering."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.units.base import READ, Beat, Unit, ceil_div

__all__ = ["ConvertUnit", "EmbedUnit", "ReorderUnit", "WindowUnit"]


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
        if self.lanes_out > self.lanes_in:
            return self.pixels * self.beats_in
        return self.pixels * (self.beats_in + self.beats_out)

    def latency(self) -> int:
        """Cycles from the first input beat of an output beat to offering it."""
        return min(max(self.lanes_out // self.lanes_in, 1), self.beats_in)


@dataclass(frozen=True, kw_only=True)
class WindowUnit(Unit):
    """Line buffer and sliding window: rows in, kernel windows out, each ``repeats`` times.

    Order out: window row, window column, channel fold; the window is repeated for every fold of the
    output channels. ``columns`` adjacent windows come side by side, as one group. The buffer is a
    ring of 2**k words that holds ``rows`` whole rows; a row is freed when the last window that
    needs it has been read.
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
    columns: int = 1

    def __post_init__(self) -> None:
        self.check(
            1 <= self.lanes <= self.channels, f"lanes must be in 1..{self.channels}", self.lanes
        )
        self.check(self.repeats >= 1, "repeats must be at least 1", self.repeats)
        inside = 0 <= self.padding <= self.kernel // 2
        self.check(inside, f"padding must be in 0..{self.kernel // 2}", self.padding)
        self.check(
            self.kernel <= self.height + 2 * self.padding, "kernel must fit the height", self.kernel
        )
        self.check(
            self.kernel <= self.width + 2 * self.padding, "kernel must fit the width", self.kernel
        )
        whole = self.columns >= 1 and self.out_width % self.columns == 0
        self.check(whole, f"columns must divide {self.out_width} windows", self.columns)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    @property
    def o(self) -> Beat:
        """Column by column a word of one window, and whether it lies outside the image."""
        blanks = self.columns if self.padding else 0
        lanes = self.columns * self.lanes
        return Beat(lanes=lanes, bits=self.bits, blanks=blanks, late=READ)

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
        """Words of the ring: room for the window's rows and those that arrive meanwhile.

        Without padding the last windows of an image need all their rows to the end; as many of the
        next image must find room, lest the two layers work in turn where they could at once.
        """
        free = max(self.freed(oy) for oy in range(self.out_height))
        arriving = self.stride if self.padding else max(free, self.stride)
        least = (self.kernel + arriving) * self.row_words
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
    def groups(self) -> int:
        """Groups of windows across."""
        return self.out_width // self.columns

    @property
    def window_beats(self) -> int:
        """Beats of a group of windows, once."""
        return self.kernel**2 * self.folds

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least: every window beat, or every word written."""
        out = self.out_height * self.groups * self.repeats * self.window_beats
        return max(out, self.height * self.row_words)

    def first_row(self, oy: int) -> int:
        """Topmost image row that window row ``oy`` and all later ones need."""
        return max(0, oy * self.stride - self.padding)

    def last_row(self, oy: int) -> int:
        """Bottommost image row in window row ``oy``."""
        return min(self.height - 1, oy * self.stride - self.padding + self.kernel - 1)

    def last_column(self, group: int) -> int:
        """Rightmost image column in the group's last window."""
        ox = group * self.columns + self.columns - 1
        return min(self.width - 1, ox * self.stride - self.padding + self.kernel - 1)

    def last_pixel(self, oy: int, group: int) -> int:
        """In raster order, the last image pixel that a group of windows needs."""
        return self.last_row(oy) * self.width + self.last_column(group)

    def freed(self, oy: int) -> int:
        """Rows that nobody needs once window row ``oy`` is read."""
        if oy == self.out_height - 1:
            return self.height - self.first_row(oy)
        return self.first_row(oy + 1) - self.first_row(oy)

    def latency(self) -> int:
        """Cycles from the first beat in to the first beat out, unstalled."""
        return (self.last_pixel(0, 0) + 1) * self.folds + self.NEWS + self.ASK

    NEWS = 1  # until the reader hears of a pixel
    ASK = 1  # where a request waits


@dataclass(frozen=True, kw_only=True)
class ReorderUnit(Unit):
    """Sums of a group of pixels, from fold by fold to pixel by pixel.

    Beats of ``lanes`` come as [fold][column][part] and leave as [column][fold][part]. Two groups
    are under way, one being written, one being read; ``BANKS`` fit into the memory, so that
    neither waits for news of the other.
    """

    columns: int
    folds: int
    parts: int
    lanes: int
    bits: int
    groups: int

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.bits)

    o = i

    @property
    def group_beats(self) -> int:
        """Beats of a group."""
        return self.columns * self.folds * self.parts

    @property
    def depth(self) -> int:
        """Words of the memory: four banks, each a power of two."""
        return self.BANKS << max(self.group_beats - 1, 1).bit_length()

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return self.groups * self.group_beats

    BANKS = 4
    ASK = WindowUnit.ASK

    def latency(self) -> int:
        """Cycles from the first beat of a group to offering the first, unstalled."""
        return self.group_beats + self.ASK + READ
