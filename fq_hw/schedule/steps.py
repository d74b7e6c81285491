"""What the cycle model is told: streams, and processes as steps that are repeated for ever.

A stream's k-th transfer happens in the first cycle in which its producer offers beat k and its
consumer is ready for it; producers never wait for readiness, so both times can be computed apart
and the later one counts. A process has a cycle of its own, ``now``, which its steps move on: all
they can do is wait for a later one, add to it, and tell it. Which steps come never depends on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Align",
    "Channel",
    "Channels",
    "Give",
    "Process",
    "Put",
    "Repeat",
    "Rest",
    "Step",
    "Steps",
    "Take",
    "Times",
    "Wait",
    "in_turn",
]


class Times:
    """Cycles of one kind of event, in order; one process at a time may wait for the k-th.

    Where steps alone use it, it stays empty: they are not run here.
    """

    def __init__(self):
        self.cycles: list[int] = []
        self.waiter: tuple[Process, int, list] | None = None

    def __len__(self) -> int:
        return len(self.cycles)

    def __getitem__(self, index: int) -> int:
        return self.cycles[index]

    def put(self, cycle: int) -> None:
        """Record the next event and wake whoever waits for it."""
        self.cycles.append(cycle)
        if self.waiter is not None and len(self.cycles) > self.waiter[1]:
            process, _, runnable = self.waiter
            runnable.append((process, cycle))
            self.waiter = None


class Channel:
    """A stream: offers from its producer, readiness from its consumer, in cycle ``opens`` first."""

    def __init__(self):
        self.opens = 0
        self.offers, self.readies = Times(), Times()

    def give(self, cycle: int) -> Generator:
        """Offer the next beat from ``cycle`` on; returns when it is taken."""
        index = len(self.offers)
        self.offers.put(cycle)
        ready = yield self.readies, index
        return max(cycle, ready)

    def take(self, cycle: int) -> Generator:
        """Be ready for the next beat from ``cycle`` on; returns when it comes."""
        index, cycle = len(self.readies), max(cycle, self.opens)
        self.readies.put(cycle)
        offer = yield self.offers, index
        return max(cycle, offer)

    def taken(self, index: int) -> Generator:
        """When the beat ``index``, already offered, is taken."""
        ready = yield self.readies, index
        return max(self.offers[index], ready)


Channels = Sequence[Channel]


@dataclass(frozen=True)
class Take:
    """Be ready for ``count`` beats in turn; go on ``then`` cycles after each is taken."""

    channel: Channel
    count: int = 1
    then: int = 1


@dataclass(frozen=True)
class Give:
    """Offer ``count`` beats in turn; go on ``then`` cycles after each is taken."""

    channel: Channel
    count: int = 1
    then: int = 1


@dataclass(frozen=True)
class Wait:
    """Go on no sooner than ``plus`` cycles after the next event of ``times``.

    ``skip`` waits for the ``skip``-th next, ``behind`` for as many before it: for none at first.
    """

    times: Times
    behind: int = 0
    plus: int = 0
    skip: int = 1


@dataclass(frozen=True)
class Put:
    """Tell of ``count`` events of ``times``, ``plus`` cycles from now."""

    times: Times
    plus: int = 0
    count: int = 1


@dataclass(frozen=True)
class Rest:
    """Go on ``cycles`` later."""

    cycles: int


@dataclass(frozen=True)
class Align:
    """Go on in the first cycle without a pause; ``pauses`` are repeated from cycle 0 on."""

    pauses: tuple[int, ...]


@dataclass(frozen=True)
class Repeat:
    """The same ``steps``, ``count`` times."""

    count: int
    steps: tuple[Step, ...]


Step = Take | Give | Wait | Put | Rest | Align | Repeat


def in_turn(rounds: Iterable[Iterable[Step]]) -> tuple[Step, ...]:
    """The steps of all ``rounds``, those told once that come several times one after the other."""
    found: list[Step] = []
    for steps, alike in itertools.groupby(map(tuple, rounds)):
        count = len(list(alike))
        found += steps if count == 1 else [Repeat(count, steps)]
    return tuple(found)


class Steps:
    """A process: what it does ``first``, then ``steps`` again and again; without, it ends."""

    def __init__(self, *steps: Step, first: Sequence[Step] = ()):
        self.first, self.steps = tuple(first), steps


Process = Steps | Generator[tuple[Times, int], int, Any]
