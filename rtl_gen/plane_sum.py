"""Sums of weight planes to sums of weights."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value

from fq_hw.schedule.units import PlaneUnit
from rtl_gen.component import UnitComponent

__all__ = ["PlaneSum"]


class PlaneSum(UnitComponent, unit=PlaneUnit):
    """Adds the planes of every channel, each worth twice the one below.

    Members     i: In(stream of lanes x planes x u<in_bits>); o: Out(stream of lanes x u<bits>)
    Units       the planes of a channel stand side by side, the lowest first; the top one comes
                inverted where unit.inverted says so
    Latency     unit.latency()
    Throughput  one beat per cycle
    Path        one addition
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        fulls = [self.i.valid]
        sums = [self.raws(lane) for lane in range(unit.lanes)]
        moves = [Signal(name=f"move_{level}") for level in range(len(unit.levels))]
        for level, (move, widths) in enumerate(zip(moves, unit.levels, strict=True)):
            full = Signal(name=f"full_{level}")
            follows = moves[level + 1] if level + 1 < len(moves) else self.o.ready
            m.d.comb += move.eq(~full | follows)
            with m.If(move):
                m.d.sync += full.eq(fulls[-1])
            for lane, parts in enumerate(sums):
                held = [
                    Signal(width, name=f"sum_{level}_{lane}_{n}", reset_less=True)
                    for n, width in enumerate(widths)
                ]
                with m.If(move):
                    for n, register in enumerate(held):
                        low, high = (*parts[2 * n : 2 * n + 2], Const(0))[:2]
                        m.d.sync += register.eq(low + (high << (1 << level)))
                sums[lane] = held
            fulls.append(full)
        m.d.comb += [
            self.i.ready.eq(moves[0]),
            self.o.valid.eq(fulls[-1]),
            *(self.o.payload[lane].eq(total) for lane, (total,) in enumerate(sums)),
        ]
        return m

    def raws(self, lane: int) -> list[Value]:
        """The planes of a lane."""
        unit = self.unit
        raws: list[Value] = [self.i.payload[lane * unit.planes + p] for p in range(unit.planes)]
        return [*raws[:-1], ~raws[-1]] if unit.inverted else raws
