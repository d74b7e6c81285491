"""Width converter: pixels in beats of one width, out in beats of another."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value

from fq_hw.schedule.units import Beat, ConvertUnit, ceil_div
from rtl_gen.component import UnitComponent

__all__ = ["WidthConverter"]


class WidthConverter(UnitComponent, unit=ConvertUnit):
    """Regroups the channels of every pixel into wider or narrower beats.

    Members     i: In(stream of lanes_in); o: Out(stream of lanes_out)
    Order       channel fastest, lane 0 first
    Units       lanes beyond the last channel are ignored in i and 0 in o
    Latency     unit.latency()
    Throughput  wider: an input beat per cycle; narrower: an output beat per cycle, and one
                cycle more per input beat
    Resources   one register of the wider beat
    Errors      none at run time; ConvertUnit refuses widths that do not divide
    """

    def elaborate(self, platform):
        m = Module()
        if self.unit.lanes_out > self.unit.lanes_in:
            self.widen(m)
        else:
            self.narrow(m)
        return m

    def used(self, bits: Value, beat: Beat, last: Value) -> Value:
        """``bits`` without the lanes beyond the last channel; ``last`` says where those are."""
        lanes = self.unit.channels % beat.lanes
        return Mux(last, bits[: lanes * beat.bits], bits) if lanes else bits

    def widen(self, m: Module) -> None:
        unit = self.unit
        ratio, accept = unit.lanes_out // unit.lanes_in, self.i.valid & self.i.ready
        left = unit.beats_in - (unit.beats_out - 1) * ratio  # beats in a pixel's last beat
        full, group_last = Signal(), Signal()
        part, group = Signal(range(ratio)), Signal(range(max(unit.beats_out, 2)))
        m.d.comb += [
            group_last.eq(group == unit.beats_out - 1),
            full.eq(part == Mux(group_last, left - 1, ratio - 1)),
            self.i.ready.eq(~self.o.valid | self.o.ready),
        ]
        width = unit.i.width
        bits, beat = self.o.payload.as_value(), Signal(width)
        pixel_last = full & group_last
        m.d.comb += beat.eq(self.used(self.i.payload.as_value(), unit.i, pixel_last))
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(accept):
            m.d.sync += part.eq(Mux(full, 0, part + 1))
            with m.If(part == 0):
                m.d.sync += bits.eq(beat)  # upper lanes become 0
            for index in range(1, ratio):
                with m.If(part == index):
                    m.d.sync += bits[index * width :][:width].eq(beat)
            with m.If(full):
                m.d.sync += [self.o.valid.eq(1), group.eq(Mux(group_last, 0, group + 1))]

    def narrow(self, m: Module) -> None:
        unit = self.unit
        ratio = ceil_div(unit.lanes_in, unit.lanes_out)
        left = unit.beats_out - (unit.beats_in - 1) * ratio  # parts of a pixel's last beat
        width = unit.o.width
        held = Signal(unit.i.width, reset_less=True)
        last = Signal()
        part, beat = Signal(range(ratio)), Signal(range(max(unit.beats_in, 2)))
        beat_last = beat == unit.beats_in - 1
        m.d.comb += [
            last.eq(part == Mux(beat_last, left - 1, ratio - 1)),
            self.i.ready.eq(~self.o.valid),  # not from o.ready: ends a long path backwards
            self.o.payload.eq(self.used(held[:width], unit.o, last & beat_last)),
        ]
        # While nothing is held, whatever comes is: from o.valid to a wide register without a gate.
        with m.If(~self.o.valid):
            m.d.sync += [held.eq(self.i.payload.as_value()), self.o.valid.eq(self.i.valid)]
        with m.Elif(self.o.ready):
            m.d.sync += [part.eq(part + 1), held.eq(held >> width)]
            with m.If(last):
                m.d.sync += [
                    self.o.valid.eq(0),
                    part.eq(0),
                    beat.eq(Mux(beat_last, 0, beat + 1)),
                ]
