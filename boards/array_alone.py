"""An array alone, with the buffer through which its parameters come from outside, to measure."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.schedule.in_turn.lower import Passes
from rtl_gen.component import Target, component
from rtl_gen.streams import signature, wire

__all__ = ["ArrayAlone"]


class ArrayAlone(wiring.Component):
    """The array of ``stage`` as it stands in a plan, its memory outside left out.

    Members     i: In(stream of the tensor before it); i_beat: In(stream of u<beat_bits>)
                o: Out(stream of its sums)
    """

    def __init__(self, stage: Passes, family: str, beat_bits: int = 16):
        self.unit, self.buffer = stage.unit, stage.buffer(beat_bits)
        self.target = Target(family=family)
        super().__init__(
            {
                "i": In(signature(self.unit.i)),
                "i_beat": In(signature(self.buffer.i)),
                "o": Out(signature(self.unit.o)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.array = array = component(self.unit, None, self.target)
        m.submodules.buffer = buffer = component(self.buffer, None, self.target)
        connect(m, flipped(self.i), array.i)
        connect(m, flipped(self.i_beat), buffer.i)
        wire(m, buffer.o, array.i_parameter)
        connect(m, array.o, flipped(self.o))
        return m
