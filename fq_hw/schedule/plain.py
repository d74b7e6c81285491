"""Processes run event by event in plain Python: slow, and says what ``compiled`` must give.

It runs processes that are generators, too: they yield the times and the index of the event that
they wait for, and get its cycle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping

from fq_hw.schedule.steps import (
    Align,
    Channel,
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
)

__all__ = ["Run", "align"]


def align(pauses: tuple[int, ...], cycle: int) -> int:
    """First cycle from ``cycle`` on without a pause."""
    while pauses[cycle % len(pauses)]:
        cycle += 1
    return cycle


class Walk:
    """A process on its way through its steps."""

    def __init__(self):
        self.now = 0
        self.next: dict[Times, int] = defaultdict(int)  # of what it waits for

    def whole(self, process: Steps) -> Generator[tuple[Times, int], int, None]:
        """First and for ever."""
        yield from self.steps(process.first)
        while process.steps:
            yield from self.steps(process.steps)

    def steps(self, steps: Iterable[Step]) -> Generator[tuple[Times, int], int, None]:
        """One after the other."""
        for step in steps:
            match step:
                case Take(channel, count, then):
                    for _ in range(count):
                        self.now = then + (yield from channel.take(self.now))
                case Give(channel, count, then):
                    for _ in range(count):
                        self.now = then + (yield from channel.give(self.now))
                case Wait(times, behind, plus, skip):
                    self.next[times] += skip
                    index = self.next[times] - 1 - behind
                    if index >= 0:
                        self.now = max(self.now, plus + (yield times, index))
                case Put(times, plus, count):
                    for _ in range(count):
                        times.put(self.now + plus)
                case Rest(cycles):
                    self.now += cycles
                case Align(pauses):
                    self.now = align(pauses, self.now)
                case Repeat(count, inner):
                    for _ in range(count):
                        yield from self.steps(inner)


class Run:
    """``processes`` under way. Of each ``watched`` channel every so many beats make a frame."""

    def __init__(self, processes: Iterable[Process], watched: Mapping[Channel, int]):
        self.watched = watched
        self.runnable = [
            (Walk().whole(process) if isinstance(process, Steps) else process, None)
            for process in processes
        ]

    def put(self, times: Times, cycle: int) -> None:
        """An event that no process tells."""
        times.put(cycle)

    def settle(self) -> None:
        """Go on until each process has ended or waits for ever."""
        runnable = self.runnable
        while runnable:
            process, value = runnable.pop()
            try:
                times, index = process.send(value)
                while len(times) > index:
                    times, index = process.send(times[index])
            except StopIteration:
                continue
            times.waiter = process, index, runnable

    def count(self, channel: Channel) -> int:
        """Beats transferred."""
        return min(len(channel.offers), len(channel.readies))

    def moves(self, channel: Channel) -> list[int]:
        """In which cycles each frame's first and last beat was transferred, so far."""
        period = self.watched[channel]
        both = zip(channel.offers.cycles, channel.readies.cycles, strict=False)
        ends = {0, period - 1}
        return [max(ways) for n, ways in enumerate(both) if n % period in ends]

    def repeats(self) -> None:
        """Whether all repeats is never known here; see ``compiled``."""
