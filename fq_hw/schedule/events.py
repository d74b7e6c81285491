"""The events of the cycle model: streams, and the processes that move beats over them.

A stream's k-th transfer happens in the first cycle in which its producer offers beat k and its
consumer is ready for it; producers never wait for readiness, so both times can be computed apart
and the later one counts. Nothing is simulated cycle by cycle: the work grows with the number of
beats.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

__all__ = [
    "READ",
    "Channel",
    "Channels",
    "Process",
    "Times",
    "ask",
    "by_turns",
    "drain",
    "feed",
    "join",
    "offer_each",
    "queue",
    "register_stage",
    "registers",
    "settle",
    "store",
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
Heard = Callable[[int, int], None]


class Channel:
    """A stream: offers from its producer, readiness from its consumer, in cycle ``opens`` first."""

    def __init__(self, runnable: list, opens: int = 0):
        self.runnable, self.opens = runnable, opens
        self.offers, self.readies = Times(runnable), Times(runnable)

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

    @property
    def moves(self) -> list[int]:
        """The cycles in which beats were transferred."""
        return list(map(max, self.offers, self.readies))

    def taken(self, index: int) -> Process:
        """When the beat ``index``, already offered, is taken."""
        ready = yield self.readies, index
        return max(self.offers[index], ready)


Channels = Sequence[Channel]
FOR_EVER = itertools.repeat(True)


def register_stage(i: Channel, o: Channel, gives: Iterable[bool] = FOR_EVER) -> Process:
    """One output register: a beat a cycle, ready when empty or being emptied.

    Beats that give nothing, by ``gives``, are taken whether it is empty or not.
    """
    free = index = 0
    for given in gives:
        if given and index:
            free = max(free, (yield from o.taken(index - 1)))
        free = 1 + (yield from i.take(free))
        if given:
            o.offers.put(free)
            index += 1


def offer_each(
    made: Times, o: Channel, accepted: Times, delay: int = 0, heard: Heard | None = None
) -> Process:
    """Offer what is ``made``, ``delay`` cycles after and one after the other; tell when it went."""
    free = 0
    for index in itertools.count():
        available = yield made, index
        taken = yield from o.give(max(available + delay, free))
        free = taken + 1
        accepted.put(taken)
        if heard is not None:
            heard(index, taken)


def queue(i: Channel, o: Channel, places: int = 2, heard: Heard | None = None) -> list[Process]:
    """A beat a cycle later; so many have ``places`` to wait. Two make a skid buffer.

    ``heard`` is told the number of each beat that leaves, and in which cycle.
    """
    come, accepted = Times(o.runnable), Times(o.runnable)

    def take() -> Process:
        free = 0
        for index in itertools.count():
            if index >= places:
                free = max(free, 1 + (yield accepted, index - places))
            free = 1 + (yield from i.take(free))
            come.put(free)

    return [take(), offer_each(come, o, accepted, heard=heard)]


def store(
    i: Channel, there: Times, freed: Times, rooms: int, blocks: int, beats: int, news: int = 0
) -> Process:
    """Write room by room: each ``blocks`` of ``beats``, again once it is ``freed``.

    A block is ``there`` for the reader ``news`` cycles after its last beat.
    """
    free = 0
    for room in itertools.count():
        if room >= rooms:
            free = max(free, (yield freed, room - rooms))
        for _ in range(blocks):
            for _ in range(beats):
                free = 1 + (yield from i.take(free))
            there.put(free + news)


def ask(o: Channel, there: Times, wanted: Iterable[int], beats: int) -> Process:
    """For one block after the other that is ``wanted``, once it is there, ask for so many beats."""
    for block in wanted:
        available = yield there, block
        for _ in range(beats):
            yield from o.give(available)


def join(parts: Channels, together: Channel) -> Process:
    """Beats of several streams as one: offered when all are, and all taken at once."""
    for index in itertools.count():
        offers = []
        for part in parts:
            offers.append((yield part.offers, index))
        together.offers.put(max(offers))
        ready = yield together.readies, index
        for part in parts:
            part.readies.put(max(ready, *offers))


def by_turns(
    i: Channel, o: Channel, turns: Sequence[tuple[int, int]], cycles: int = 1, rest: int = 1
) -> Process:
    """Take so many beats and give so many, turn after turn, for ever.

    A beat that is taken keeps it busy for ``cycles`` cycles, one that is given for ``rest``.
    """
    free = 0
    for takes, gives in itertools.cycle(turns):
        for _ in range(takes):
            free = cycles + (yield from i.take(free))
        for _ in range(gives):
            free = rest + (yield from o.give(free))


def feed(o: Channel, start: int = 0, beats: Iterable = FOR_EVER) -> Process:
    """Offer a beat in every cycle from ``start`` on, as many as ``beats`` has."""
    free = start
    for _ in beats:
        free = 1 + (yield from o.give(free))


def drain(i: Channel) -> Process:
    """Be ready in every cycle."""
    free = 0
    while True:
        free = 1 + (yield from i.take(free))


def registers(i: Channel, o: Channel, count: int) -> list[Process]:
    """``count`` register stages one behind the other."""
    between = [Channel(o.runnable) for _ in range(count - 1)]
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
