"""The memory of an array's parameters as a stream of words."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from fq_hw.schedule.units import ParameterUnit, Replay
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


def values(replay: Replay) -> dict[str, int]:
    """The settings of a pass."""
    whole = replay.words + replay.header
    return {"whole": whole - 1, "again": max(replay.words, 1) - 1, "folds": replay.folds - 1,
            "times": replay.times - 1}  # fmt: skip


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
        at, following = Signal.like(ram.addr), Signal.like(ram.addr)
        full, there, taken = Signal(init=target.preloaded), Signal(), Signal()
        m.d.sync += there.eq(full)
        m.d.comb += [
            self.o.valid.eq(there),
            self.o.payload.as_value().eq(ram.r_data),
            taken.eq(there & self.o.ready),
            ram.addr.eq(Mux(taken, following, at)),
        ]
        self.walk(m, taken, at, following)
        if not target.preloaded:
            self.fill(m, ram, full, at)
        return m

    def walk(self, m: Module, taken: Signal, at: Signal, following: Signal) -> None:
        """Which word comes after the one at ``at``."""
        rows = [values(replay) for replay in self.unit.replays]
        number = counter(len(rows), "number", 1 % len(rows))  # of the pass to come
        chosen = Signal(settings.layout(rows))
        now = Signal(settings.layout(rows), init=rows[0])
        settings.select(m, rows, number, chosen)
        word, fold = Signal.like(now.whole), Signal.like(now.folds)
        time = Signal.like(now.times)
        first_at, next_at = Signal.like(at), Signal.like(at)  # of this fold, and of the next
        first, last_word, last_time, last_fold = Signal(), Signal(), Signal(), Signal()
        behind = Signal.like(at)
        m.d.comb += [
            first.eq(time == 0),
            last_word.eq(word == Mux(first, now.whole, now.again)),
            last_time.eq(time == now.times),
            last_fold.eq(fold == now.folds),
            behind.eq(Mux(first, at + 1, next_at)),
            following.eq(at + 1),
        ]
        with m.If(taken):
            m.d.sync += [at.eq(following), word.eq(word + 1)]
            with m.If(last_word):
                m.d.sync += [word.eq(0), time.eq(time + 1)]
                with m.If(first):
                    m.d.sync += next_at.eq(at + 1)
                with m.If(last_time):
                    m.d.sync += [time.eq(0), first_at.eq(following), fold.eq(fold + 1)]
                    with m.If(last_fold):
                        m.d.sync += [fold.eq(0), now.eq(chosen)]
                        m.d.sync += number.eq(Mux(number == len(rows) - 1, 0, number + 1))
        frame_end = last_time & last_fold & (number == 0)
        with m.If(last_word):
            m.d.comb += following.eq(Mux(frame_end, 0, Mux(last_time, behind, first_at)))

    def fill(self, m: Module, ram: SinglePort, full: Signal, at: Signal) -> None:
        """Lane by lane into the memory, until it is full."""
        lane = Signal(ram.lanes, init=1)  # one of them is 1
        m.d.comb += [
            self.i_fill.ready.eq(~full),
            ram.w_data.eq(self.i_fill.payload.replicate(ram.lanes)),
        ]
        with m.If(self.i_fill.valid & ~full):
            m.d.comb += ram.write.eq(lane)
            m.d.sync += lane.eq(lane.rotate_left(1))
            with m.If(lane[-1]):
                m.d.sync += at.eq(at + 1)
                with m.If(at == self.unit.depth - 1):
                    m.d.sync += [at.eq(0), full.eq(1)]
