"""Leaves rows, columns and channels out."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value

from fq_hw.ir import Places
from fq_hw.schedule.units.pick import PickUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest

__all__ = ["Pick"]


class Pick(UnitComponent, unit=PickUnit):
    """Holds a beat of what is picked; drops the others as they come.

    Members     i: In(stream of lanes x u<bits>), raster order, channel slices fastest
                o: Out(stream of the same beats, fewer of them)
    Latency     1 cycle
    Throughput  one beat per cycle; what is dropped does not wait
    Resources   a register of a beat, and counters
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        word = Signal(unit.i.width, reset_less=True)
        accept, given = Signal(), Signal()
        limits = {name: size for name, (_, size) in unit.sides.items()}
        _, last = nest(m, accept, **limits)
        step, wanted = accept, Const(1)
        for name, (places, size) in unit.sides.items():
            wanted &= self.turn(m, step, last[name], places, size, name)
            step = accept & last[name]
        m.d.comb += [
            given.eq(wanted),
            self.i.ready.eq(~given | ~self.o.valid | self.o.ready),
            accept.eq(self.i.valid & self.i.ready),
            self.o.payload.as_value().eq(word),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept & given):
            m.d.sync += [word.eq(self.i.payload.as_value()), self.o.valid.eq(1)]
        return m

    def turn(
        self, m: Module, step: Value, end: Value, places: Places, size: int, name: str
    ) -> Value:
        """Whether it is the turn of one that is picked; begins again behind ``end``."""
        if places.whole(size):
            return Const(1)
        wait = counter(max(places.start, places.step - 1) + 1, f"{name}_wait", places.start)
        here = wait == 0
        with m.If(step):
            m.d.sync += wait.eq(Mux(here, places.step - 1, wait - 1))
            with m.If(end):
                m.d.sync += wait.eq(places.start)
        if places.ends(size):
            return here
        left = counter(places.count + 1, f"{name}_left", places.count)
        some = left != 0
        with m.If(step):
            m.d.sync += left.eq(left - (here & some))
            with m.If(end):
                m.d.sync += left.eq(places.count)
        return here & some
