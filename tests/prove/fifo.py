"""A FIFO gives what it was given, in order, and never holds more than its depth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amaranth.hdl import Mux, Signal
from amaranth.lib import wiring

from fq_hw.schedule.units import FifoUnit
from prove.circuit import DATA, Bench, graphs
from prove.induct import induction
from prove.table import Proof

__all__ = ["prove", "watched"]


def watched(part: wiring.Component, depth: int) -> Bench:
    """Any one beat is followed: how many are before it, and that it comes out as it went in."""
    bench = Bench()
    m = bench.m
    m.submodules.part = part
    came, went = bench.feed("i", part.i), bench.take("o", part.o)
    level = Signal(range(depth + 2))
    m.d.sync += level.eq(level + came - went)
    bench.bad("depth", level > depth)
    value, before = Signal(part.i.payload.as_value().shape()), Signal.like(level)
    followed, out = Signal(), Signal()
    with m.If(came & bench.free("follow") & ~followed):
        m.d.sync += [followed.eq(1), value.eq(part.i.payload), before.eq(level - went)]
    with m.Elif(followed & went & ~out):
        m.d.sync += [before.eq(Mux(before == 0, 0, before - 1)), out.eq(before == 0)]
    here = followed & ~out & (before == 0) & part.o.valid
    bench.bad("order", here & (part.o.payload.as_value() != value))
    return bench


def prove(name: str, unit: FifoUnit, part: wiring.Component, folder: Path) -> Iterator[Proof]:
    """Both, by one induction. Raises BrokenError."""
    graphs({name: watched(part, unit.depth)}, folder, [DATA])
    what = f"beats come out in order and unchanged; never more than {unit.depth} inside"
    yield Proof(what, f"FifoUnit {name}", "induction", str(induction(name, folder)))
