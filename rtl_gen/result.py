"""A frame's result: every class's score, then the best classes."""

from __future__ import annotations

import itertools

from amaranth.hdl import Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream

from fq_hw.schedule.units import Beat, ResultChainUnit, ResultKind, ResultUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter

__all__ = ["Result", "ResultChain", "result_layout"]


def result_layout(unit: ResultUnit) -> data.StructLayout:
    """A beat of a result: a number, what it is, and whether it is the last."""
    return data.StructLayout(
        {"data": signed(unit.data_bits), "kind": unsigned(unit.KIND_BITS), "last": unsigned(1)}
    )


def entry_layout(unit: ResultUnit) -> data.StructLayout:
    """A class and its score."""
    return data.StructLayout(
        {"score": signed(unit.score_bits), "number": unsigned(unit.label_bits)}
    )


class Result(UnitComponent, unit=ResultUnit):
    """Passes the scores on and finds the largest.

    Members     i: In(stream of i<score_bits>), class 0 first
                o: Out(stream of {data: i<data_bits>, kind: ResultKind, last: u1})
    Order       the scores, class 0 first; the label; what comes next to it, best first
    Units       of equal scores that of the lower class is the better one
    Latency     unit.latency()
    Throughput  one score per unit.best + 1 cycles, then one class per cycle
    Path        one comparison of score_bits
    Resources   registers for the best classes and their scores
    Errors      none at run time
    """

    @classmethod
    def given(cls, unit: ResultUnit, beat: Beat) -> stream.Signature:
        return stream.Signature(result_layout(unit))

    def elaborate(self, platform):
        m = Module()
        unit, out = self.unit, self.o.payload
        entry = entry_layout(unit)
        index, place = counter(unit.classes, "index"), counter(unit.best, "place")
        # The best so far go round, the best first; whom a candidate displaces goes on in its place.
        best = [Signal(entry, name=f"best_{n}", reset_less=True) for n in range(unit.best)]
        displaced, candidate = Signal(entry, reset_less=True), Signal(entry)
        head, better, found = best[0], Signal(), Signal()
        accept, compare, taken, name = Signal(), Signal(), Signal(), Signal()
        idle, first, last_place = Signal(init=1), Signal(), Signal()
        is_score, last_class = out.kind == ResultKind.SCORE, index == unit.classes - 1
        several = unit.best > 1  # without others most of this is constant, and costs nothing
        m.d.comb += [
            self.i.ready.eq(idle),  # a register: what waits for it may be far away
            accept.eq(self.i.valid & self.i.ready),
            compare.eq(accept | (~first & ~self.o.valid)),
            taken.eq(self.o.valid & self.o.ready),
            name.eq(taken & Mux(is_score, last_class, ~out.last if several else 0)),
            first.eq(place == 0 if several else 1),
            last_place.eq(place == unit.best - 1 if several else 1),
            candidate.eq(displaced),
        ]
        with m.If(first):
            m.d.comb += [candidate.score.eq(self.i.payload[0]), candidate.number.eq(index)]
        # Behind its place all others move up, so that of equals the lower class stays in front.
        # Asked the other way round, whether one is greater, Yosys would also compare for equality.
        empty, higher = ~(place < index), head.score < candidate.score
        m.d.comb += better.eq(empty | higher | (found & ~first))
        with m.If(compare | (name if several else 0)):
            m.d.sync += [place.eq(Mux(last_place, 0, place + 1)), found.eq(better)]
            m.d.sync += [ahead.eq(behind) for ahead, behind in itertools.pairwise(best)]
            m.d.sync += [best[-1].eq(Mux(better, candidate, head))]
            m.d.sync += [displaced.eq(Mux(better, head, candidate))]
        with m.If(compare):
            m.d.sync += self.o.valid.eq(last_place)
        with m.If(accept):
            m.d.sync += [idle.eq(0), out.data.eq(self.i.payload[0]), out.kind.eq(ResultKind.SCORE)]
        with m.If(name):
            kind = Mux(is_score, ResultKind.LABEL, ResultKind.NEXT)
            m.d.sync += [out.data.eq(head.number), out.kind.eq(kind), out.last.eq(last_place)]
        with m.Elif(taken):
            m.d.sync += [self.o.valid.eq(0), out.last.eq(0), idle.eq(1)]
            m.d.sync += index.eq(Mux(last_class, 0, index + 1))
        return m


class ResultChain(Result, unit=ResultChainUnit):
    """Passes the scores on, and sends each along a chain of the best.

    Members     i: In(stream of i<score_bits>), class 0 first
                o: Out(stream of {data: i<data_bits>, kind: ResultKind, last: u1})
    Order       the scores, class 0 first; the label; what comes next to it, best first
    Units       of equal scores that of the lower class is the better one
    Latency     unit.latency()
    Throughput  one beat per cycle: while the best are named, no score is taken
    Path        one comparison of score_bits
    Resources   two registers of a class and its score for each of the best
    Errors      none at run time
    """

    def elaborate(self, platform):
        m = Module()
        unit, out = self.unit, self.o.payload
        entry, several = entry_layout(unit), unit.best > 1
        index, place = counter(unit.classes, "index"), counter(unit.best, "place")
        free, accept, name, naming = Signal(), Signal(), Signal(), Signal()
        last_place = Signal()
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(free & ~naming),
            accept.eq(self.i.valid & self.i.ready),
            name.eq(free & naming),
            last_place.eq(place == unit.best - 1 if several else 1),
        ]
        # Who walks along the chain, whether there is one, and whether he has displaced another:
        # from there on all move one place, so that of equals the lower class stays in front.
        walker, walks, found = Signal(entry), accept, Const(0)
        m.d.comb += [walker.score.eq(self.i.payload[0]), walker.number.eq(index)]
        best = []
        for n in range(unit.best):
            kept, filled = (
                Signal(entry, name=f"best_{n}", reset_less=True),
                Signal(name=f"filled_{n}"),
            )
            better = Signal(name=f"better_{n}")
            m.d.comb += better.eq(found | ~filled | (kept.score < walker.score))
            with m.If(name & (place == n) if several else name):
                m.d.sync += filled.eq(0)
            with m.If(walks):
                m.d.sync += filled.eq(1)
                with m.If(better):
                    m.d.sync += kept.eq(walker)
            best.append(kept)
            if n < unit.best - 1:
                goes_on = Signal(entry, name=f"walker_{n}", reset_less=True)
                goes, displaced = (
                    Signal(name=f"walks_{n}"),
                    Signal(name=f"found_{n}", reset_less=True),
                )
                m.d.sync += [
                    goes_on.eq(Mux(better, kept, walker)),
                    goes.eq(walks & filled),
                    displaced.eq(better),
                ]
                walker, walks, found = goes_on, goes, displaced
        with m.If(free):
            m.d.sync += [self.o.valid.eq(accept | naming), out.last.eq(naming & last_place)]
        with m.If(accept):
            m.d.sync += [out.data.eq(self.i.payload[0]), out.kind.eq(ResultKind.SCORE)]
            last_class = index == unit.classes - 1
            m.d.sync += [naming.eq(last_class), index.eq(Mux(last_class, 0, index + 1))]
        with m.If(name):
            numbers = data.ArrayLayout(unsigned(unit.label_bits), unit.best)
            known = Signal(numbers)
            m.d.comb += [known[n].eq(kept.number) for n, kept in enumerate(best)]
            kind = Mux(place == 0, ResultKind.LABEL, ResultKind.NEXT)
            m.d.sync += [out.data.eq(known[place]), out.kind.eq(kind), naming.eq(~last_place)]
            m.d.sync += place.eq(Mux(last_place, 0, place + 1))
        return m
