"""Line buffer and sliding window unit."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from fq_hw.ir import Axis
from fq_hw.schedule.events import registers, store
from fq_hw.schedule.parts import Parts, bits, ring
from fq_hw.schedule.steps import (
    Channel,
    Channels,
    Give,
    Process,
    Put,
    Steps,
    Times,
    Wait,
    in_turn,
)
from fq_hw.schedule.units.base import READ, Beat, LaneUnit

__all__ = ["WindowUnit"]


@dataclass(frozen=True, kw_only=True)
class WindowUnit(LaneUnit):
    """Line buffer and sliding window: rows in, kernel windows out, each ``repeats`` times.

    Order out: window row, window column, channel fold; the window is repeated for every fold of the
    output channels. Where the channels are in ``parts``, each part comes so, one behind the other.
    ``columns`` adjacent windows come side by side, and ``hold`` of these in turn,
    word by word: ``columns`` x ``hold`` adjacent windows are one group. The buffer is a
    ring of 2**k words that holds ``rows`` whole rows; a row is freed when the last window that
    needs it has been read. It has room for ``spare`` rows more than the least. Words that are
    ``held`` are read before they are offered; others are read as they are taken.
    ``down`` and ``across`` say how the windows lie.
    """

    height: int
    width: int
    down: Axis
    across: Axis
    repeats: int
    channel_parts: int = 1
    columns: int = 1
    hold: int = 1
    spare: int = 0
    held: bool = False

    WAITS = True  # for the rows of its first windows

    def __post_init__(self) -> None:
        inside = 1 <= self.lanes <= self.channels
        self.check(inside, f"lanes must be in 1..{self.channels}", self.lanes)
        self.check(self.repeats >= 1, "repeats must be at least 1", self.repeats)
        for name, size, axis in (
            ("height", self.height, self.down),
            ("width", self.width, self.across),
        ):
            inside = 0 <= min(axis.before, axis.after) <= max(axis.before, axis.after) < axis.reach
            contract = f"padding must be in 0..{axis.reach - 1}"
            self.check(inside, contract, (axis.before, axis.after))
            self.check(axis.count(size) >= 1, f"kernel must fit the {name}", axis.kernel)
        whole = self.channel_parts >= 1 and self.channels % (self.channel_parts * self.lanes) == 0
        contract = f"channels must be {self.channel_parts} times a multiple of {self.lanes} lanes"
        self.check(whole or self.channel_parts == 1, contract, self.channels)
        whole = self.columns >= 1 and self.out_width % self.columns == 0
        self.check(whole, f"columns must divide {self.out_width} windows", self.columns)
        beside = self.out_width // self.columns
        whole = self.hold >= 1 and beside % self.hold == 0
        self.check(whole, f"hold must divide {beside} windows side by side", self.hold)

    @property
    def padded(self) -> bool:
        """Whether windows may lie partly outside the image."""
        return self.down.padded or self.across.padded

    @property
    def folds(self) -> int:
        """Words of a pixel in each part of the channels."""
        return self.slices // self.channel_parts

    @property
    def o(self) -> Beat:
        """Column by column a word of one window, and whether it lies outside the image."""
        blanks = self.columns if self.padded else 0
        lanes = self.columns * self.lanes
        late = 0 if self.held else READ
        return Beat(lanes=lanes, bits=self.in_bits, blanks=blanks, late=late)

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.width * self.slices

    @property
    def depth(self) -> int:
        """Words of the ring: room for the window's rows and those that arrive meanwhile.

        Without padding the last windows of an image need all their rows to the end; as many of the
        next image must find room, lest the two layers work in turn where they could at once.
        """
        arriving = self.down.stride
        if not self.down.after:
            arriving = max(arriving, *(self.freed(oy) for oy in range(self.out_height)))
        least = (self.down.reach + arriving + self.spare) * self.row_words
        return 1 << (least - 1).bit_length()

    @property
    def rows(self) -> int:
        """Whole rows that the ring holds."""
        return self.depth // self.row_words

    @property
    def out_height(self) -> int:
        """Windows down."""
        return self.down.count(self.height)

    @property
    def out_width(self) -> int:
        """Windows across."""
        return self.across.count(self.width)

    @property
    def group(self) -> int:
        """Windows of a group."""
        return self.columns * self.hold

    @property
    def groups(self) -> int:
        """Groups of windows across."""
        return self.out_width // self.group

    @property
    def window_beats(self) -> int:
        """Beats of a group of windows, once."""
        return self.down.kernel * self.across.kernel * self.slices * self.hold

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least: every window beat, or every word written."""
        out = self.out_height * self.groups * self.repeats * self.window_beats
        return max(out, self.height * self.row_words)

    @property
    def cycle(self) -> WindowUnit:
        """As high as what it does again and again: a row, where no row has to do with the next."""
        return replace(self, height=1) if self.down.plain else self

    def first_row(self, oy: int) -> int:
        """Topmost image row that window row ``oy`` and all later ones need."""
        return self.down.first(oy)

    def last_row(self, oy: int) -> int:
        """Bottommost image row in window row ``oy``."""
        return self.down.last(oy, self.height)

    def last_column(self, group: int) -> int:
        """Rightmost image column in the group's last window."""
        return self.across.last(group * self.group + self.group - 1, self.width)

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
        return (self.last_pixel(0, 0) + 1) * self.slices + self.delay

    @property
    def delay(self) -> int:
        """Cycles from the last pixel that is needed to the first beat out."""
        return self.NEWS + self.ASK + (READ if self.held else 0)

    NEWS = 1  # until the reader hears of a pixel
    ASK = 1  # where a request waits
    TOLD = NEWS + ASK + 1  # cycles in which a row is neither written nor read

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        arrived, freed = Times(), Times()  # pixels to read, rows to write again
        unit, asked = self.cycle, Channel() if self.held else o[0]
        pixels, beats = unit.height * unit.width, unit.repeats * unit.window_beats
        unused = pixels - 1 - unit.last_pixel(unit.out_height - 1, unit.groups - 1)
        rows, reached = [], -1 - unused  # the last that the frame before needed
        for oy in range(unit.out_height):
            ends = (unit.last_pixel(oy, group) for group in range(unit.groups))
            needed = [*itertools.accumulate(ends, max, initial=reached)]
            groups = in_turn(
                (Wait(arrived, unused, self.ASK, last - before), Give(asked, beats))
                for before, last in itertools.pairwise(needed)
            )
            rows.append([*groups, Put(freed, 1, unit.freed(oy))])
            reached = needed[-1]
        write = store(i[0], arrived, freed, self.rows, self.width, self.slices, self.NEWS)
        read = [registers(asked, o[0], READ)] if self.held else []
        return [write, Steps(*in_turn(rows)), *read]

    def parts(self) -> Parts:
        width, address, unit = self.i.width, bits(self.depth), self.cycle
        lut, ff, memories = ring(self.depth, width)
        loops = (
            unit.slices, unit.width, unit.hold, unit.folds, unit.across.kernel, unit.down.kernel,
            unit.repeats, unit.channel_parts, unit.groups, unit.out_height,
        )  # fmt: skip
        pixels = max(bits(unit.height * unit.width) - 5, 0)
        padded, more = int(self.padded), self.columns - 1
        uneven = self.width & (self.width - 1) != 0
        frees = max(unit.freed(oy) for oy in range(unit.out_height))
        request = self.columns * address + self.o.blanks + frees.bit_length()
        return Parts(
            both={"fixed": 1, "requests": request},
            lut={
                "ring": self.columns * lut,
                "folds": bits(self.slices),
                "pixels": pixels,
                "uneven": pixels if uneven else 0,
                "padded": padded,
                "padded pixels": pixels * padded,
                "columns": more,
                "column address": more * address,
                "column padding": more * padded * bits(self.width),
            },
            ff={
                "words": self.o.width,
                "ring": self.columns * ff,
                "counts": sum(bits(limit) for limit in loops),
                "address": address,
            },
            exact_ff=self.o.width + self.o.blanks + READ if self.held else 0,
            memories=self.columns * memories,
        )
