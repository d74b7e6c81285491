"""Parameters on their way from a memory outside the chip to an array."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import memory

from fq_hw.schedule.units.fold_buffer import FoldBufferUnit
from rtl_gen.array.replay import replayed
from rtl_gen.component import UnitComponent
from rtl_gen.delay import delay

__all__ = ["FoldBuffer"]


class FoldBuffer(UnitComponent, unit=FoldBufferUnit):
    """A ring of words: filled beat by beat, read in the order in which an array wants them.

    Members     i: In(stream of u<beat_bits>); o: Out(stream of u<width>)
    Order       i: each word's beats, lowest first, in the order of unit.depth; o: unit.order()
    Units       a word comes ``unit.late`` cycles after it is taken
    Latency     unit.latency(), from a word's last beat
    Throughput  a beat and a word per cycle
    Resources   block RAM of ``places`` words, written in lanes of a beat
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        lanes, places = unit.beats_in, unit.places
        m.submodules.ring = ring = memory.Memory(
            shape=unsigned(lanes * unit.beat_bits), depth=places, init=[],
            attrs={"ram_style": "block"},
        )  # fmt: skip
        read, write = ring.read_port(), ring.write_port(granularity=unit.beat_bits)

        lane = Signal(lanes, init=1)  # one bit is 1
        used, fresh = (Signal(range(places + 1), name=name) for name in ("used", "fresh"))
        beat, wrote = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~used[-1]),  # of a power of two the top bit says that all are used
            beat.eq(self.i.valid & self.i.ready),
            wrote.eq(beat & lane[-1]),
            write.data.eq(self.i.payload.as_value().replicate(lanes)),
            write.en.eq(Mux(beat, lane, 0)),
        ]
        with m.If(beat):
            m.d.sync += lane.eq(lane.rotate_left(1))
        with m.If(wrote):
            m.d.sync += write.addr.eq(write.addr + 1)

        at, begun, gone = Signal(range(places), init=places - 1), Signal(), Signal()
        some = Signal()  # a word that has not been read yet is there
        come = replayed(m, unit, at, gone)
        m.d.sync += begun.eq(1)
        m.d.comb += [
            self.o.valid.eq(begun & (some | ~come.first)),
            gone.eq(self.o.valid & self.o.ready | ~begun),  # the first comes as if after a frame
            read.addr.eq(at),
        ]
        word = delay(m, read.data, unit.late - 1, "word", reset_less=True)
        m.d.comb += self.o.payload.as_value().eq(word[: unit.width])
        with m.If(gone):
            m.d.sync += at.eq(come.following)
        after = Signal.like(fresh)
        m.d.comb += after.eq(fresh + wrote - (gone & begun & come.first))
        freed = Mux(gone & begun & come.fold_end, Cat(come.whole, 0) + 1, 0)
        m.d.sync += [fresh.eq(after), some.eq(after != 0), used.eq(used + wrote - freed)]
        return m
