"""The events of the cycle model: streams, and the processes that move beats over them.

A stream's k-th transfer happens in the first cycle in which its producer offers beat k and its
consumer is ready for it; producers never wait for readiness, so both times can be computed apart
and the later one counts. Nothing is simulated cycle by cycle: the work grows with the number of
beats.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from typing import Any

__all__ = [
    "READ",
    "Channel",
    "Process",
    "Requests",
    "Times",
    "offer_each",
    "register_stage",
    "registers",
    "settle",
    "skid_buffer",
]

READ = 2  # cycles that reading takes: a memory's own register and the one behind it


class Times(list):
    """Cycles of one kind of event, in order; one process at a time may wait for the k-th."""

    def __init__(self, runnable: list):
        super().__init__()
        self.runnable, self.waiter = runnable, None

    def put(self, cycle: int) -> None:
        """Record the next event and wake whoever waits for it."""
        self.append(cycle)
        if self.waiter is not None and len(self) > self.waiter[1]:
            self.runnable.append((self.waiter[0], cycle))
            self.waiter = None


Process = Generator[tuple[Times, int], int, Any]


class Channel:
    """A stream: offers from its producer, readiness from its consumer, in cycle ``opens`` first."""

    def __init__(self, runnable: list, opens: int = 0):
        self.offers, self.readies, self.opens = Times(runnable), Times(runnable), opens

    def give(self, cycle: int) -> Process:
        """Offer the next beat from ``cycle`` on; returns when it is taken."""
        index = len(self.offers)
        self.offers.put(cycle)
        ready = yield self.readies, index
        return max(cycle, ready)

    def take(self, cycle: int) -> Process:
        """Be ready for the next beat from ``cycle`` on; returns when it comes."""
        index, cycle = len(self.readies), max(cycle, self.opens)
        self.readies.put(cycle)
        offer = yield self.offers, index
        return max(cycle, offer)

    def taken(self, index: int) -> Process:
        """When the beat ``index``, already offered, is taken."""
        ready = yield self.readies, index
        return max(self.offers[index], ready)


def register_stage(i: Channel, o: Channel) -> Process:
    """One output register: a beat a cycle, ready when empty or being emptied."""
    free = 0
    while True:
        taken = yield from i.take(free)
        free = yield from o.give(taken + 1)


def offer_each(made: Times, o: Channel, accepted: Times, delay: int = 0) -> Process:
    """Offer what is ``made``, ``delay`` cycles after and one after the other; tell when it went."""
    free = 0
    for index in itertools.count():
        available = yield made, index
        taken = yield from o.give(max(available + delay, free))
        free = taken + 1
        accepted.put(taken)


def skid_buffer(i: Channel, o: Channel, new: Callable[[], Times]) -> list[Process]:
    """A beat a cycle later; two have places to wait."""
    come, accepted = new(), new()

    def take() -> Process:
        free = 0
        for index in itertools.count():
            if index >= 2:
                free = max(free, 1 + (yield accepted, index - 2))
            free = 1 + (yield from i.take(free))
            come.put(free)

    return [take(), offer_each(come, o, accepted)]


class Requests:
    """Two places where requests to a memory wait until they are read.

    ``read`` hears of each beat's number and the cycle in which it is read.
    """

    def __init__(self, o: Channel, new: Callable[[], Times], read: Callable[[int, int], None]):
        self.o, self.new, self.read, self.step = o, new, read, -1
        self.asked, self.left = new(), new()

    def ask(self, available: int) -> Process:
        """Ask for the next beat, which is in the memory from cycle ``available`` on."""
        index, step = len(self.asked), max(self.step + 1, available)
        if index >= 2:
            step = max(step, 1 + (yield self.left, index - 2))
        self.step = step
        self.asked.put(step + 1)

    def when_taken(self) -> Process:
        """Offer what was asked for; it is read as it is taken."""
        step = -1
        for index in itertools.count():
            step = yield from self.o.give(max(step + 1, (yield self.asked, index)))
            self.left.put(step)
            self.read(index, step)

    def ahead(self) -> list[Process]:
        """Read what was asked for into an elastic pipeline of READ registers; offer it there."""

        # The cycles of ``left`` once more: one process at a time may wait for a Times.
        steps, accepted = self.new(), self.new()

        def pass_on() -> Process:
            step = -1
            for index in itertools.count():
                step = max(step + 1, (yield self.asked, index))
                if index >= READ:
                    step = max(step, (yield accepted, index - READ))
                self.left.put(step)
                steps.put(step)
                self.read(index, step)

        return [pass_on(), offer_each(steps, self.o, accepted, delay=READ)]


def registers(i: Channel, o: Channel, count: int) -> list[Process]:
    """``count`` register stages one behind the other."""
    between = [Channel(o.offers.runnable) for _ in range(count - 1)]
    return [register_stage(*ends) for ends in itertools.pairwise([i, *between, o])]


def settle(runnable: list[tuple[Process, int | None]]) -> None:
    """Run processes until each has ended or waits for ever."""
    while runnable:
        process, value = runnable.pop()
        try:
            times, index = process.send(value)
            while len(times) > index:
                times, index = process.send(times[index])
        except StopIteration:
            continue
        times.waiter = process, index
