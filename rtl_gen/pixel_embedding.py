"""Pixel embedding: a ROM lookup per colour."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units import EmbedUnit
from rtl_gen.component import UnitComponent
from rtl_gen.streams import memory_style

__all__ = ["PixelEmbedding"]


class PixelEmbedding(UnitComponent, unit=EmbedUnit):
    """Replaces each colour byte of a pixel by a row of a table.

    Members     i: In(stream of colours x u8); o: Out(stream of colours*length x u<bits>)
    Order       lane colour * length + i is entry i of that colour's row
    Latency     unit.latency()
    Throughput  one pixel per cycle
    Resources   a read port on a 256-row ROM per colour
    Errors      none at run time; contents are a table, tables x 256 x length of u<bits>
    Source      Tokunaga et al. 2024
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        shifts = np.arange(unit.length) * unit.bits
        accept = self.i.valid & self.i.ready
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        self.roms, rows = [], []
        for colour in range(unit.colours):
            entries = self.contents[colour if unit.tables > 1 else 0].astype(object)
            rom = memory.Memory(
                shape=unsigned(unit.length * unit.bits),
                depth=256,
                init=[int((row << shifts).sum()) for row in entries],
                attrs=memory_style(256, unit.length * unit.bits),
            )
            m.submodules[f"rom_{colour}"] = rom
            self.roms.append(rom)
            port = rom.read_port()  # holds its word while en is 0: the output register
            m.d.comb += [port.addr.eq(self.i.payload[colour]), port.en.eq(accept)]
            rows.append(port.data)
        m.d.comb += self.o.payload.eq(Cat(rows))
        with m.If(accept):
            m.d.sync += self.o.valid.eq(1)
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
