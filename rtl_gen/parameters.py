"""The memory of an array's parameters as a stream of words."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from fq_hw.schedule.units import ParameterUnit
from rtl_gen.array import settings
from rtl_gen.array.single_port import LANE, SinglePort
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter
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
    Path        from o.ready through a choice of addresses to the memory
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
        at, following = Signal.like(ram.addr), Signal.like(ram.addr)
        full, there, taken, filled = Signal(init=target.preloaded), Signal(), Signal(), Signal()
        m.d.sync += [there.eq(full), at.eq(ram.addr)]
        m.d.comb += [
            self.o.valid.eq(there),
            self.o.payload.as_value().eq(ram.r_data),
            taken.eq(Mux(there, self.o.ready, full)),  # the first word comes as if after a frame
            ram.addr.eq(Mux(taken | filled, following, at)),
        ]
        self.walk(m, taken, full, at, following)
        if not target.preloaded:
            self.fill(m, ram, full, filled)
        return m

    def walk(self, m: Module, taken: Signal, full: Signal, at: Signal, following: Signal) -> None:
        """Which word comes after the one at ``at``: while the memory is not ``full``, the next."""
        header = self.unit.header
        rows = [{"whole": replay.words + header - 1, "words": max(replay.words, 1) - 1,
                 "folds": replay.folds - 1, "times": replay.times - 1}
                for replay in self.unit.replays]  # fmt: skip
        number = counter(len(rows), "number")  # of the row to come
        now, chosen = (Signal(settings.layout(rows), name=name) for name in ("now", "chosen"))
        settings.select(m, rows, number, chosen)
        word, time = Signal.like(now.whole), Signal.like(now.times)
        first, last_word, last_time = Signal(), Signal(), Signal()
        fold_end, row_end = Signal(), Signal()
        m.d.comb += [
            first.eq(time == 0),
            last_word.eq(word == now.whole),
            last_time.eq(time == now.times),
            fold_end.eq(last_word & last_time),
            row_end.eq(fold_end & (now.folds == 0)),
        ]
        # Back to the fold's first word; or on, over the header, which came after the first time.
        back = Cat(~Mux(first, now.whole, now.words), 1)
        step = Mux(last_word & ~last_time, back, Mux(fold_end & ~first, header, 0))
        with m.If(~(full & row_end & (number == 0))):
            m.d.comb += following.eq((Cat(1, at) + Cat(1, step).as_signed())[1:])
        with m.If(taken):
            m.d.sync += word.eq(word + 1)
            with m.If(last_word):  # later times count no header
                m.d.sync += [word.eq(Mux(last_time, 0, header)), time.eq(time + 1)]
            with m.If(fold_end):
                m.d.sync += [time.eq(0), now.folds.eq(now.folds - 1)]
            with m.If(row_end):
                m.d.sync += [now.eq(chosen), number.eq(Mux(number == len(rows) - 1, 0, number + 1))]

    def fill(self, m: Module, ram: SinglePort, full: Signal, filled: Signal) -> None:
        """Lane by lane into the memory, until it is full; a word is ``filled`` a cycle before."""
        lane = Signal(ram.lanes, init=1)  # one bit is 1
        m.d.comb += [
            self.i_fill.ready.eq(~full),
            ram.w_data.eq(self.i_fill.payload.replicate(ram.lanes)),
        ]
        m.d.sync += filled.eq(0)
        with m.If(self.i_fill.valid & ~full):
            m.d.comb += ram.write.eq(lane)
            m.d.sync += [lane.eq(lane.rotate_left(1)), filled.eq(lane[-1])]
            m.d.sync += full.eq(lane[-1] & (ram.addr == self.unit.depth - 1))
