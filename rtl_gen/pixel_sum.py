"""Sum over the pixels of a frame, per channel."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units import PixelSumUnit
from fq_hw.schedule.words import bits_of
from rtl_gen.component import UnitComponent
from rtl_gen.counters import nest
from rtl_gen.rom_stream import pack_words

__all__ = ["PixelSum"]


class PixelSum(UnitComponent, unit=PixelSumUnit):
    """Accumulates every channel over a frame and gives the sums with the frame's last pixel.

    Members     i: In(stream of lanes x u<in_bits>)
                o: Out(stream of lanes x i<sum_bits>, where unit.levels x u<sum_bits>)
    Order       ``slices`` beats a pixel in, where unit.planar ``pixels`` beats a slice;
                ``slices`` beats a frame out
    Units       each channel starts at its constant: what the raw sums lack, times the pixels
    Latency     unit.latency(), from the last pixel's beat
    Throughput  one beat per cycle
    Resources   distributed RAM of slices words; where unit.planar none, and no beat is taken before
                the sums of the last fold have gone
    Errors      none at run time; contents are the start values, one per channel, if not levels
    """

    def elaborate(self, platform):
        m = Module()
        unit, width, depth = self.unit, self.unit.o.width, max(self.unit.slices, 2)
        accept = Signal()
        loops = {"fold": unit.slices, "pixel": unit.pixels}
        inner, outer = ("pixel", "fold") if unit.planar else ("fold", "pixel")
        at, _ = nest(m, accept, **{name: loops[name] for name in (inner, outer)})
        first_pixel, last_pixel = at["pixel"] == 0, at["pixel"] == unit.pixels - 1
        room = ~self.o.valid if unit.planar else ~last_pixel | ~self.o.valid
        m.d.comb += [
            self.i.ready.eq(room | self.o.ready),
            accept.eq(self.i.valid & self.i.ready),
        ]
        if not unit.planar:
            m.submodules.sums = sums = memory.Memory(shape=unsigned(width), depth=depth, init=[])
            write, old = sums.write_port(), sums.read_port(domain="comb")
            m.d.comb += [write.addr.eq(at["fold"]), old.addr.eq(at["fold"])]
        start: Value = Const(0, width)
        if not unit.levels:
            m.submodules.starts = starts = memory.Memory(
                shape=unsigned(width), depth=depth, init=self.start_words()
            )
            read = starts.read_port(domain="comb")
            m.d.comb += read.addr.eq(at["fold"])
            start = read.data
        # Planar, one fold at a time grows where it goes out.
        before = Mux(first_pixel, start, self.o.payload if unit.planar else old.data)
        after = []
        for lane in range(unit.lanes):
            part = before[lane * unit.sum_bits :][: unit.sum_bits]
            total = Signal(unit.sum_bits, name=f"total_{lane}")  # its sign comes by itself
            m.d.comb += total.eq(part + self.i.payload[lane])
            after.append(total)
        if not unit.planar:
            m.d.comb += [write.data.eq(Cat(after)), write.en.eq(accept)]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept if unit.planar else accept & last_pixel):
            done = last_pixel if unit.planar else 1
            m.d.sync += [self.o.payload.eq(Cat(after)), self.o.valid.eq(done)]
        return m

    def start_words(self) -> list[int]:
        """Start values as words of ``lanes`` two's-complement numbers."""
        unit = self.unit
        starts = np.zeros(unit.slices * unit.lanes, np.int64)
        starts[: unit.channels] = self.contents
        return pack_words(bits_of(starts, unit.sum_bits).reshape(unit.slices, -1))
