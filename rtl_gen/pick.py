"""Picks the pixels that a strided 1x1 convolution reads."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal

from fq_hw.schedule.units.pick import PickUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import nest

__all__ = ["Pick"]


class Pick(UnitComponent, unit=PickUnit):
    """Holds a beat of what is picked; drops the others as they come.

    Members     i: In(stream of lanes x u<bits>), raster order, channel slices fastest
                o: Out(stream of the same beats, of fewer pixels)
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
        _, last = nest(m, accept, slice=unit.slices, column=unit.width, row=unit.height)
        # From the first of each row, and of the image, every so many are picked.
        across = self.turns(m, accept & last["slice"], last["column"], "across")
        down = self.turns(m, accept & last["column"], last["row"], "down")
        m.d.comb += [
            given.eq(across & down),
            self.i.ready.eq(~given | ~self.o.valid | self.o.ready),
            accept.eq(self.i.valid & self.i.ready),
            self.o.payload.as_value().eq(word),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept & given):
            m.d.sync += [word.eq(self.i.payload.as_value()), self.o.valid.eq(1)]
        return m

    def turns(self, m: Module, step: Signal, end: Signal, name: str) -> Signal:
        """Whether it is the turn of one that is picked: the first after ``end``, every so many."""
        stride = self.unit.stride
        at, first = Signal(range(stride), name=f"{name}_at"), Signal(name=f"{name}_first", init=1)
        wraps = end | (at == stride - 1)
        with m.If(step):
            m.d.sync += [at.eq(Mux(wraps, 0, at + 1)), first.eq(wraps)]
        return first
