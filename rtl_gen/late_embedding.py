"""Pixel embedding behind a window: a ROM lookup per colour, as a beat passes."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, Value, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units import READ, LateEmbedUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import nest
from rtl_gen.delay import delay
from rtl_gen.read_pipe import read_late
from rtl_gen.streams import memory_style

__all__ = ["LateEmbed"]


class LateEmbed(UnitComponent, unit=LateEmbedUnit):
    """Replaces each colour byte of a window's beat by a row of a table.

    Members     i: In(stream of columns*lanes x u8, and blanks where there is padding)
                o: Out(stream of columns*lanes*length x u<bits>, and the same blanks)
    Order       lane n * length + i of o is entry i of the row of lane n of i
    Units       o's payload comes READ cycles after the beat is taken: it is read as it is taken
    Latency     none: a beat passes in the cycle in which it comes
    Throughput  one beat per cycle
    Path        from i's payload to the address of a block RAM
    Resources   a ROM per lane of i, of unit.rows
    Errors      none at run time; contents are a table, tables x 256 x length of u<bits>
    Source      Tokunaga et al. 2024
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        beat, (depth, width) = Value.cast(self.i.payload), unit.rows
        at, _ = nest(m, self.i.valid & self.i.ready, **unit.loops)
        shifts = np.arange(unit.length) * unit.bits
        words = []
        for lane in range(unit.columns * unit.lanes):
            colours = range(lane % unit.lanes, unit.colours, unit.lanes)
            tables = [self.contents[colour if unit.tables > 1 else 0] for colour in colours]
            rows = np.concatenate(tables[: unit.turns]).astype(object)
            m.submodules[f"rom_{lane}"] = rom = memory.Memory(
                shape=unsigned(width),
                depth=depth,
                init=[int((row << shifts).sum()) for row in rows],
                attrs=memory_style(depth, width),
            )
            pixel = beat[lane * 8 :][:8]
            address = Cat(pixel, at["turn"]) if unit.loops else pixel
            words.append(read_late(m, rom.read_port(), address, f"levels_{lane}"))
        blanks = beat[len(beat) - unit.blanks :]
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
            Value.cast(self.o.payload).eq(
                Cat(words, delay(m, blanks, READ, "blanks", reset_less=True))
            ),
        ]
        return m
