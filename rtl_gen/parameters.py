"""The memory of an array's parameters as a stream of words."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from fq_hw.schedule.units import ParameterUnit
from rtl_gen.array.replay import replayed
from rtl_gen.array.single_port import LANE, SinglePort
from rtl_gen.component import UnitComponent
from rtl_gen.delay import delay
from rtl_gen.rom_stream import pack_words

__all__ = ["Parameters", "fill_beats"]


def fill_beats(contents: np.ndarray) -> list[int]:
    """What ``i_fill`` wants: every word in pieces of 16 bits, lowest first."""
    lanes = -(-contents.shape[1] // LANE)
    words = pack_words(contents)
    return [word >> n * LANE & 2**LANE - 1 for word in words for n in range(lanes)]


class Parameters(UnitComponent, unit=ParameterUnit):
    """Words in the order in which an array wants them, frame after frame.

    Members     o: Out(stream of u<width>)
                i_fill: In(stream of 16 bits), only where not ``target.preloaded``: fill_beats,
                once after reset
    Order       unit.order()
    Latency     unit.latency() from reset, or from the last beat of i_fill
    Throughput  one word per cycle
    Units       a word comes ``unit.late`` cycles after it is taken
    Resources   a SinglePort, and counters
    Errors      none at run time; contents are depth x width bits, the lowest first
    """

    @classmethod
    def filling(cls, unit: ParameterUnit, contents: np.ndarray) -> list[int]:
        return fill_beats(contents)

    @property
    def more(self) -> dict[str, wiring.Member]:
        return {} if self.target.preloaded else {"i_fill": In(stream.Signature(LANE))}

    def elaborate(self, platform):
        m = Module()
        unit, target = self.unit, self.target
        m.submodules.memory = ram = SinglePort(
            unit.depth, unit.width, spram=target.spram,
            init=pack_words(self.contents) if target.preloaded else (),
        )  # fmt: skip
        at = Signal.like(ram.addr)
        full, there, taken, filled = Signal(init=target.preloaded), Signal(), Signal(), Signal()
        m.d.sync += there.eq(full)
        m.d.comb += [
            self.o.valid.eq(there),
            taken.eq(Mux(there, self.o.ready, full)),  # the first word comes as if after a frame
            ram.addr.eq(at),
        ]
        word = delay(m, ram.r_data, unit.late - 1, "word", reset_less=True)
        m.d.comb += self.o.payload.as_value().eq(word)
        come = replayed(m, unit, at, taken)
        with m.If(taken | filled):
            m.d.sync += at.eq(Mux(full & come.frame_end, 0, come.following))
        if not target.preloaded:
            self.fill(m, ram, full, filled)
        return m

    def fill(self, m: Module, ram: SinglePort, full: Signal, filled: Signal) -> None:
        """Lane by lane into the memory, until it is full; with its last a word is ``filled``."""
        lane = Signal(ram.lanes, init=1)  # one bit is 1
        m.d.comb += [
            self.i_fill.ready.eq(~full),
            ram.w_data.eq(self.i_fill.payload.replicate(ram.lanes)),
        ]
        with m.If(self.i_fill.valid & ~full):
            m.d.comb += [ram.write.eq(lane), filled.eq(lane[-1])]
            m.d.sync += lane.eq(lane.rotate_left(1))
            m.d.sync += full.eq(lane[-1] & (ram.addr == self.unit.depth - 1))
