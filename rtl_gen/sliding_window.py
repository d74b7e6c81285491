"""Line buffer and sliding window: the streamed im2col in front of a convolution."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out, connect

from fq_hw.schedule.units import WindowUnit
from rtl_gen.counters import counter, nest
from rtl_gen.read_pipe import ReadPipe
from rtl_gen.streams import memory_style, signature

__all__ = ["SlidingWindow"]


class SlidingWindow(wiring.Component):
    """Stores rows in a ring and reads kernel windows from it, each ``repeats`` times.

    Members     i: In(stream of lanes x u<bits>), raster order, channel folds fastest
                o: Out(stream of lanes x u<bits>)
    Order       per window: kernel row, kernel column, channel fold; windows in raster order
    Units       taps outside the image read 0
    Latency     unit.latency(), from the first beat in to o.valid, unstalled
    Throughput  one beat per cycle each way; i.ready falls when ``rows`` whole rows wait
    Resources   a ring of unit.depth words in block or distributed RAM
    Errors      none at run time; WindowUnit refuses what does not fit
    Source      streamed im2col as in FINN (Umuroglu et al. 2017), on RAM, not shift registers
    """

    def __init__(self, unit: WindowUnit):
        self.unit = unit
        super().__init__({"i": In(signature(unit.i)), "o": Out(signature(unit.o))})

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        width, depth = unit.i.width, max(unit.depth, 2)
        m.submodules.ring = ring = memory.Memory(
            shape=unsigned(width), depth=depth, init=[], attrs=memory_style(depth, width)
        )
        m.submodules.pipe = pipe = ReadPipe(depth=depth, width=width)
        write = ring.write_port()
        connect(m, pipe.port, ring.read_port())

        # Whole rows written and not yet freed; below 0 where rows to skip have yet to come.
        held = Signal(range(-unit.height, unit.rows + 1))
        accept, step, freed = Signal(), Signal(), Signal(range(unit.height + 1))

        # Write side: words land in the ring one after the other.
        put, put_last = nest(m, accept, put_fold=unit.folds, put_column=unit.width)
        place = Signal(range(depth))
        m.d.comb += [
            self.i.ready.eq(held != unit.rows),
            accept.eq(self.i.valid & self.i.ready),
            write.en.eq(accept),
            write.addr.eq(place),
            write.data.eq(self.i.payload.as_value()),
        ]
        with m.If(accept):
            m.d.sync += place.eq(place + 1)
        m.d.sync += held.eq(held + put_last["put_column"] * accept - freed)

        # Read side: loops over window columns and rows, repeats, windows.
        at, last = nest(
            m,
            step,
            fold=unit.folds,
            kernel_column=unit.kernel,
            kernel_row=unit.kernel,
            repeat=unit.repeats,
            column=unit.out_width,
            row=unit.out_height,
        )
        top, left = self.origin(m, step, last)
        address = self.address(m, step, last)
        m.d.comb += [
            pipe.i.valid.eq(self.arrived(top, left, held, put["put_column"])),
            step.eq(pipe.i.valid & pipe.i.ready),
            pipe.i.p.address.eq(address),
            pipe.i.p.blank.eq(
                self.outside(top + at["kernel_row"], unit.height)
                | self.outside(left + at["kernel_column"], unit.width)
            ),
        ]
        with m.If(step & last["column"]):
            m.d.comb += freed.eq(self.freed(top, last["row"]))

        m.d.comb += [
            self.o.valid.eq(pipe.o.valid),
            self.o.payload.eq(pipe.o.payload),
            pipe.o.ready.eq(self.o.ready),
        ]
        return m

    def origin(self, m: Module, step: Value, last: dict[str, Value]) -> tuple[Signal, Signal]:
        """Row and column of the window's corner in the padded image."""
        unit = self.unit
        top = counter((unit.out_height - 1) * unit.stride + 1, "top")
        left = counter((unit.out_width - 1) * unit.stride + 1, "left")
        with m.If(step & last["repeat"]):
            m.d.sync += left.eq(Mux(last["column"], 0, left + unit.stride))
        with m.If(step & last["column"]):
            m.d.sync += top.eq(Mux(last["row"], 0, top + unit.stride))
        return top, left

    def outside(self, padded: Value, size: int) -> Value:
        """Whether a row or column of the padded image is padding."""
        return (padded < self.unit.padding) | (padded >= size + self.unit.padding)

    def first_row(self, top: Value) -> Value:
        """``WindowUnit.first_row``, of the corner's row."""
        return Mux(top > self.unit.padding, top - self.unit.padding, 0)

    def last_inside(self, corner: Value, size: int) -> Value:
        """``WindowUnit.last_row`` or ``last_column``, of the corner's row or column."""
        reach = self.unit.kernel - 1 - self.unit.padding
        return Mux(corner + reach > size - 1, size - 1, corner + reach)

    def arrived(self, top: Value, left: Value, held: Value, column: Value) -> Value:
        """Whether the window's last pixel inside the image is in the ring.

        ``held`` rows from the window's first one are whole, and ``column`` pixels of the next.
        """
        need = self.last_inside(top, self.unit.height) - self.first_row(top)
        row_there = (held == need) & (column > self.last_inside(left, self.unit.width))
        return (held > need) | row_there

    def freed(self, top: Value, last_row: Value) -> Value:
        """``WindowUnit.freed``, of the corner's row."""
        first = self.first_row(top)
        following = self.first_row(top + self.unit.stride)
        return Mux(last_row, self.unit.height, following) - first

    def address(self, m: Module, step: Value, last: dict[str, Value]) -> Signal:
        """Ring address of the current word; all steps are constants, modulo the ring's size."""
        unit = self.unit
        depth = max(unit.depth, 2)
        row = unit.row_words
        start = -unit.padding * (row + unit.folds) % depth
        address = Signal(range(depth), init=start)
        window = Signal(range(depth), init=start)  # where the current window begins
        band = Signal(range(depth), init=start)  # where its row of windows begins
        frame = unit.height - (unit.out_height - 1) * unit.stride  # rows from last band to first
        following = Signal(range(depth))
        with m.If(last["row"]):
            m.d.comb += following.eq(band + frame * row)
        with m.Elif(last["column"]):
            m.d.comb += following.eq(band + unit.stride * row)
        with m.Elif(last["repeat"]):
            m.d.comb += following.eq(window + unit.stride * unit.folds)
        with m.Elif(last["kernel_row"]):
            m.d.comb += following.eq(window)
        with m.Elif(last["kernel_column"]):
            m.d.comb += following.eq(address + row - (unit.kernel * unit.folds - 1))
        with m.Else():
            m.d.comb += following.eq(address + 1)
        with m.If(step):
            m.d.sync += address.eq(following)
            with m.If(last["repeat"]):
                m.d.sync += window.eq(following)
            with m.If(last["column"]):
                m.d.sync += band.eq(following)
        return address
