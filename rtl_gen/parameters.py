"""The memory of an array's parameters as a stream of words."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal
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
        full, there, start, taken = Signal(init=target.preloaded), Signal(), Signal(), Signal()
        m.d.sync += [there.eq(full), at.eq(ram.addr)]
        m.d.comb += [
            self.o.valid.eq(there),
            self.o.payload.as_value().eq(ram.r_data),
            start.eq(full & ~there),
            taken.eq(there & self.o.ready),
        ]
        step = Signal(range(unit.header + 2))
        self.walk(m, start, taken, at, step, ram.addr)
        if not target.preloaded:
            self.fill(m, ram, full, step)
        return m

    def walk(self, m: Module, start: Signal, taken: Signal, at: Signal, step: Signal, addr: Signal):
        """The address goes on by ``step``, or back to the fold's first word, or to 0."""
        header = self.unit.header
        rows = [{"words": replay.words + header - 1, "folds": replay.folds - 1,
                 "times": replay.times - 1} for replay in self.unit.replays]  # fmt: skip
        number = counter(len(rows), "number")  # of the row to come
        now, chosen = (Signal(settings.layout(rows), name=name) for name in ("now", "chosen"))
        settings.select(m, rows, number, chosen)
        word, time = Signal.like(now.words), Signal.like(now.times)
        first_at = Signal.like(addr)
        last_word, last_time, fold_end, next_row = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            last_word.eq(taken & (word == now.words)),
            last_time.eq(time == now.times),
            fold_end.eq(last_word & last_time),
            next_row.eq(start | (fold_end & (now.folds == 0))),
            # Behind the last time's words lies the header, which came after the first time's.
            step.eq(Mux(fold_end & (time != 0), 1 + header, taken)),
            addr.eq(Mux(last_word & ~last_time, first_at, at + step)),
        ]
        with m.If(taken):  # later times count no header
            m.d.sync += word.eq(Mux(last_word, Mux(last_time, 0, header), word + 1))
        with m.If(last_word):
            m.d.sync += time.eq(Mux(last_time, 0, time + 1))
        with m.If(fold_end | start):
            m.d.sync += [first_at.eq(addr), now.folds.eq(now.folds - 1)]
        with m.If(next_row):
            m.d.sync += [now.eq(chosen), number.eq(Mux(number == len(rows) - 1, 0, number + 1))]
            with m.If(number == 0):
                m.d.comb += addr.eq(0)

    def fill(self, m: Module, ram: SinglePort, full: Signal, step: Signal) -> None:
        """Lane by lane into the memory, until it is full."""
        lane, word_end = Signal(ram.lanes, init=1), Signal()  # one bit of lane is 1
        m.d.comb += [
            self.i_fill.ready.eq(~full),
            ram.w_data.eq(self.i_fill.payload.replicate(ram.lanes)),
        ]
        m.d.sync += word_end.eq(0)
        with m.If(~full):
            m.d.comb += step.eq(word_end)
            with m.If(self.i_fill.valid):
                m.d.comb += ram.write.eq(lane)
                m.d.sync += [lane.eq(lane.rotate_left(1)), word_end.eq(lane[-1])]
                m.d.sync += full.eq(lane[-1] & (ram.addr == self.unit.depth - 1))
