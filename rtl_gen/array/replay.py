"""Which word of an array's parameters comes next: each fold's again for every group of pixels."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from fq_hw.schedule.units.parameters import ReplayUnit
from rtl_gen.array import settings
from rtl_gen.counters import counter

__all__ = ["Replayed", "replayed"]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What is known of the word that is taken.

    following  the address of the next, all addresses being in the order of the memory
    first      its fold comes for the first time
    fold_end   its fold does not come again; the fold has one word more than ``whole``
    frame_end  it is the frame's last
    """

    following: Signal
    first: Signal
    fold_end: Signal
    frame_end: Signal
    whole: Value


def replayed(m: Module, unit: ReplayUnit, at: Signal, taken: Value) -> Replayed:
    """Count the words that are ``taken``, the one at address ``at`` now.

    Before the first of all, something must be taken once: it comes as if after a frame.
    """
    header = unit.header
    rows = [
        {
            "whole": replay.words + header - 1,
            "words": max(replay.words, 1) - 1,
            "folds": replay.folds - 1,
            "times": replay.times - 1,
        }
        for replay in unit.replays
    ]
    number = counter(len(rows), "number")  # of the row to come
    now, chosen = (Signal(settings.layout(rows), name=name) for name in ("now", "chosen"))
    settings.select(m, rows, number, chosen)
    word, time = Signal.like(now.whole), Signal.like(now.times)
    first, last_word, last_time = Signal(init=1), Signal(), Signal()  # first: ``time`` is 0
    fold_end, row_end, frame_end = Signal(), Signal(), Signal()
    following = Signal.like(at)
    m.d.comb += [
        last_word.eq(word == now.whole),
        last_time.eq(time == now.times),
        fold_end.eq(last_word & last_time),
        row_end.eq(fold_end & (now.folds == 0)),
        frame_end.eq(row_end & (number == 0)),
    ]
    # Back to the fold's first word; or on, over the header, which came after the first time.
    back = Cat(~Mux(first, now.whole, now.words), 1)
    step = Mux(last_word & ~last_time, back, Mux(fold_end & ~first, header, 0))
    m.d.comb += following.eq((Cat(1, at) + Cat(1, step).as_signed())[1:])
    with m.If(taken):
        m.d.sync += word.eq(word + 1)
        with m.If(last_word):  # later times count no header
            m.d.sync += [word.eq(Mux(last_time, 0, header)), time.eq(time + 1)]
            m.d.sync += first.eq(last_time)
        with m.If(fold_end):
            m.d.sync += [time.eq(0), now.folds.eq(now.folds - 1)]
        with m.If(row_end):
            m.d.sync += [now.eq(chosen), number.eq(Mux(number == len(rows) - 1, 0, number + 1))]
    return Replayed(
        following=following, first=first, fold_end=fold_end, frame_end=frame_end, whole=now.whole
    )
