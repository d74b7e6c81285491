"""Processes that units are made of: registers, queues, stores, joins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from fq_hw.schedule.steps import (
    Channel,
    Channels,
    Give,
    Process,
    Put,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
    Times,
    Wait,
    in_turn,
)

__all__ = [
    "READ",
    "Channel",
    "Channels",
    "Process",
    "Times",
    "by_turns",
    "drain",
    "feed",
    "join",
    "queue",
    "registers",
    "room",
    "store",
]

READ = 2  # cycles that reading takes: a memory's own register and the one behind it


def room(o: Channel, places: int, plus: int) -> Step:
    """Wait until ``plus`` cycles after the beat went that many ``places`` before the next.

    It went when its reader was ready: what is offered early enough never goes later.
    """
    return Wait(o.readies, places, plus)


def registers(i: Channel, o: Channel, count: int = 1, gives: Sequence[bool] = (True,)) -> Process:
    """``count`` registers in a row: each takes a beat when empty or being emptied.

    Beats that give nothing, by ``gives``, again and again, are taken whether it is empty or not.
    """
    passed = room(o, count, 0), Take(i), Put(o.offers, count - 1)
    found: list[Step] = []
    for given, run in itertools.groupby(gives):
        beats = len(list(run))
        found.append(Repeat(beats, passed) if given else Take(i, beats))
    return Steps(*found)


def queue(i: Channel, o: Channel, places: int = 2, cycles: int = 1) -> Process:
    """A beat ``cycles`` later; so many have ``places`` to wait. Two make a skid buffer."""
    return Steps(room(o, places, 1), Take(i), Put(o.offers, cycles - 1))


def store(
    i: Channel, there: Times, freed: Times, rooms: int, blocks: int, beats: int, news: int = 0
) -> Process:
    """Write room by room: each ``blocks`` of ``beats``, again once it is ``freed``.

    A block is ``there`` for the reader ``news`` cycles after its last beat.
    """
    block = Take(i, beats), Put(there, news)
    return Steps(Wait(freed, rooms), Repeat(blocks, block))


def join(parts: Channels, together: Channel, seldom: Channels = (), every: int = 1) -> Process:
    """Beats of several streams as one: offered when all are, and all taken at once.

    A beat of those that come ``seldom`` comes with the first of ``every`` so many of the others.
    """

    def beat(parts: Channels) -> tuple[Step, ...]:
        return (
            *(Wait(part.offers) for part in parts),
            Put(together.offers),
            Wait(together.readies),
            *(Put(part.readies) for part in parts),
        )

    alone = [Repeat(every - 1, beat(parts))] if every > 1 else []
    return Steps(*beat([*parts, *seldom]), *alone)


def by_turns(
    i: Channel, o: Channel, turns: Sequence[tuple[int, int]], cycles: int = 1, rest: int = 1
) -> Process:
    """Take so many beats and give so many, turn after turn, for ever.

    A beat that is taken keeps it busy for ``cycles`` cycles, one that is given for ``rest``.
    """
    return Steps(*in_turn((Take(i, n, cycles), Give(o, m, rest)) for n, m in turns))


def feed(o: Channel, start: int = 0, rest: int = 1) -> Process:
    """Offer a beat every ``rest`` cycles from ``start`` on."""
    return Steps(Give(o, then=rest), first=[Rest(start)])


def drain(i: Channel) -> Process:
    """Be ready in every cycle."""
    return Steps(Take(i))
