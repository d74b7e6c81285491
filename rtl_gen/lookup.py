"""Looks levels up in a table."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units.lookup import LookupUnit
from rtl_gen.component import UnitComponent
from rtl_gen.read_pipe import two_stages
from rtl_gen.streams import memory_style

__all__ = ["Lookup"]


class Lookup(UnitComponent, unit=LookupUnit):
    """A table a lane, all the same; contents: its integers, none below 0.

    Members     i: In(stream of lanes x u<in_bits>); o: Out(stream of lanes x u<out_bits>)
    Order       beat by beat
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        nothing stands between a memory and its output register
    Resources   a ROM of unit.depth words a lane
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        words = []
        for lane in range(unit.lanes):
            m.submodules[f"table_{lane}"] = table = memory.Memory(
                shape=unsigned(unit.out_bits),
                depth=unit.depth,
                init=[int(value) for value in self.contents],
                attrs=memory_style(unit.depth, unit.out_bits),
            )
            port = table.read_port()
            word = Signal(unit.out_bits, name=f"word_{lane}", reset_less=True)
            m.d.comb += [
                port.addr.eq(self.i.payload[lane]),
                port.en.eq(self.i.ready),
                self.o.payload[lane].eq(word),
            ]
            words.append((word, port.data))
        two_stages(m, self.i, self.o, [], words)
        return m
