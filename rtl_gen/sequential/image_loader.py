"""The image on its way in: a table lookup per colour, then the words of the embedded pixel."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.sequential.plan import SequentialPlan
from fq_hw.schedule.units import ceil_div
from rtl_gen.counters import counter
from rtl_gen.sequential.banks import write_layout

__all__ = ["ImageLoader"]


class ImageLoader(wiring.Component):
    """Embeds the pixels of a frame and writes them into the banks.

    Members     i: In(stream of colours x u8), raster order; taken while ``enable``
                enable: In(1); done: Out(1), high in the last cycle of a frame
                write: Out(write_layout)
    Order       pixels beyond the width, up to a whole group, become zeros
    Latency     plan.pixel_cycles for each pixel, those beyond the width included
    Throughput  as latency
    Resources   a ROM of 256 rows per table
    Errors      none at run time
    Source      Tokunaga et al. 2024 (pixel embedding)
    """

    def __init__(self, plan: SequentialPlan):
        self.plan = plan
        pixel = data.ArrayLayout(unsigned(8), plan.image[2])
        super().__init__(
            {
                "i": In(stream.Signature(pixel)),
                "enable": In(1),
                "done": Out(1),
                "write": Out(write_layout(plan)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        plan, region, columns = self.plan, self.plan.image_region, self.plan.array.columns
        height, width, colours = plan.image
        tables, _, length = plan.table.shape
        entry, word = length * plan.act_bits, plan.array.simd * plan.act_bits
        padded = ceil_div(width, columns) * columns

        shifts = np.arange(length) * plan.act_bits
        rows = plan.table.reshape(-1, length).astype(object)
        m.submodules.table = rom = memory.Memory(
            shape=unsigned(entry),
            depth=len(rows),
            init=[int((row << shifts).sum()) for row in rows],
        )
        look = rom.read_port()
        at = counter(plan.pixel_cycles, "at")  # the cycle within a pixel
        x, y = counter(padded, "x"), counter(height, "y")
        line = Signal(len(self.write.addr), init=region.base)  # address of the row's first word
        beyond, last = Signal(), Signal()
        go = Signal()
        m.d.comb += [
            beyond.eq(x >= width if padded > width else 0),
            go.eq(self.enable & ((at != 0) | self.i.valid | beyond)),
            self.i.ready.eq(go & (at == colours - 1) & ~beyond),
            last.eq(at == plan.pixel_cycles - 1),
        ]
        colour = at[: max((colours - 1).bit_length(), 1)]
        m.d.comb += look.addr.eq(
            Cat(self.i.payload[colour] if colours > 1 else self.i.payload[0],
                colour if tables > 1 else Const(0, 0))
        )  # fmt: skip

        entries = Signal(max(colours * entry, word))
        first_word = colours + 1
        writing = Signal()
        m.d.comb += writing.eq(self.enable & (at >= first_word))
        with m.If(writing):
            m.d.sync += entries.eq(entries >> word)
        with m.Elif(at != 0):
            m.d.sync += entries.eq(Cat(entries, look.data)[entry:][: len(entries)])
        spare = max(word - colours * entry, 0)  # where there are any, the entries stand above
        aligned = Signal(word)
        m.d.comb += aligned.eq(entries >> spare)

        # Where the pixel's words go.
        stride, bank_bits = region.stride, (columns - 1).bit_length()
        half = x >> (stride - 1)
        number = at - first_word
        addr = line + (half >> bank_bits) + number * region.word_step
        if stride == 2:
            addr += Mux(x[0], region.groups, 0)
        m.d.comb += [
            self.write.banks.eq(Mux(writing, 1 << half[:bank_bits], 0)),
            self.write.addr.eq(addr),
            self.write.lanes.eq(-1),
            self.write.word.eq(Mux(beyond, 0, aligned)),
        ]

        with m.If(go):
            m.d.sync += at.eq(Mux(last, 0, at + 1))
            with m.If(last):
                m.d.sync += x.eq(x + 1)
                with m.If(x == padded - 1):
                    m.d.sync += [x.eq(0), y.eq(y + 1), line.eq(line + region.row_step)]
                    with m.If(y == height - 1):
                        m.d.sync += [y.eq(0), line.eq(region.base)]
                        m.d.comb += self.done.eq(1)
        return m
