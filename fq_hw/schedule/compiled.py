"""Processes of steps as tables for the kernel: as ``plain`` runs them, a thousand times as fast.

Events that nobody waits for any more are dropped. Beats that one process gives in turn while
another takes them in turn move at once, however many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from fq_hw.schedule.kernel import Ch, Code, Cu, Op, Pr, St, needed, settle, tell
from fq_hw.schedule.plain import align
from fq_hw.schedule.steps import (
    Align,
    Channel,
    Give,
    Put,
    Repeat,
    Rest,
    Step,
    Steps,
    Take,
    Times,
    Wait,
)

__all__ = ["Run"]

ROOM = 16  # events of a stream at first


class Numbers(dict):
    """Numbers things in the order in which they are met."""

    def __missing__(self, key: object) -> int:
        self[key] = number = len(self)
        return number


class Program:
    """The instructions of all processes."""

    def __init__(self, processes: Iterable[Steps]):
        self.code: list[list[int]] = []
        self.streams, self.channels, self.cursors = Numbers(), Numbers(), Numbers()
        self.behind: list[int] = []  # of each cursor
        self.asked: set[Times] = set()  # told or waited for by themselves
        self.pauses: list[int] = []
        self.places: dict[int, tuple[int, tuple[int, ...]]] = {}  # of these, by which tuple
        self.loops = 0
        self.starts = []
        for process in processes:
            self.process = len(self.starts)
            self.starts.append(len(self.code))
            self.emit(process.first)
            again = len(self.code)
            self.emit(process.steps)
            if process.steps:
                self.code[-1][Code.NEXT] = again
            else:
                self.add(Op.END)

    def add(self, code: Op, what: int = 0, count: int = 1, cycles: int = 0, more: int = 0):
        """One instruction."""
        self.code.append([code, what, count, cycles, more, len(self.code) + 1])

    def number(self, channel: Channel) -> tuple[int, int]:
        """The numbers of a channel's streams, offers and readies."""
        self.channels[channel]
        return self.streams[channel.offers], self.streams[channel.readies]

    def cursor(self, times: Times, behind: int = 0, transfers: bool = False) -> int:
        """Where the process reads ``times``: one place for all that it waits for there."""
        number = self.cursors[self.process, self.streams[times], transfers]
        if number == len(self.behind):
            self.behind.append(behind)
        assert self.behind[number] == behind, "one process looks back by one distance"
        return number

    def place_of(self, pauses: tuple[int, ...]) -> int:
        """Where it stands how long each cycle of ``pauses`` pauses; the same ones stand there once.

        Thousands of steps have one and the same tuple, which takes long to compare.
        """
        place, known = self.places.get(id(pauses), (0, None))
        if known is None:
            place = len(self.pauses)
            self.places[id(pauses)] = place, pauses
            self.pauses += [align(pauses, cycle) - cycle for cycle in range(len(pauses))]
        return place

    def emit(self, steps: Iterable[Step]) -> None:
        """The instructions of ``steps``."""
        for step in steps:
            match step:
                case Take(channel, count, then) if count:
                    cursor = self.cursor(channel.offers, transfers=True)
                    self.add(Op.TAKE, self.channels[channel], count, then, cursor)
                case Give(channel, count, then) if count:
                    cursor = self.cursor(channel.readies, transfers=True)
                    self.add(Op.GIVE, self.channels[channel], count, then, cursor)
                case Wait(times, behind, plus, skip) if skip:
                    self.asked.add(times)
                    cursor = self.cursor(times, behind)
                    self.add(Op.WAIT, self.streams[times], skip, plus, cursor)
                case Put(times, plus, count) if count:
                    self.asked.add(times)
                    self.add(Op.PUT, self.streams[times], count, plus)
                case Rest(cycles):
                    self.add(Op.REST, cycles=cycles)
                case Align(pauses):
                    self.add(Op.ALIGN, self.place_of(pauses), len(pauses))
                case Repeat(count, (Take() | Give() as only,)):
                    self.emit([type(only)(only.channel, count * only.count, only.then)])
                case Repeat(count, inner) if count:
                    loop, again = self.loops, len(self.code)
                    self.loops += 1
                    self.emit(inner)
                    if count > 1:
                        self.add(Op.REPEAT, loop, count, more=again)


def integers(values: list) -> np.ndarray:
    """As the kernel takes them."""
    return np.array(values, np.int64)


def full(shape: int | tuple[int, int]) -> np.ndarray:
    """A table of zeros."""
    return np.zeros(shape, np.int64)


class Run:
    """``processes`` under way, for so many frames.

    Of each ``watched`` channel every so many beats make a frame.
    """

    def __init__(self, processes: Iterable[Steps], watched: Mapping[Channel, int], frames: int):
        self.program = program = Program(processes)
        for channel in [*watched, *program.channels]:
            program.number(channel)
        self.code = integers(program.code)
        self.pauses = integers(program.pauses)
        self.processes = full((len(program.starts), len(Pr)))
        self.processes[:, Pr.PC] = program.starts
        self.streams = self._streams(watched, frames)
        self.channels = self._channels(watched)
        self.cursors = full((len(program.cursors), len(Cu)))
        self.cursors[:, Cu.BEHIND] = program.behind
        self.loops = full(program.loops)
        self.ring = full(len(program.streams) * ROOM)
        self.stack = np.arange(-1, len(program.starts))  # how many can go on, and which
        self.stack[0] = len(program.starts)
        self.last: tuple[np.ndarray, np.ndarray] | None = None

    def _streams(self, watched: Mapping[Channel, int], frames: int) -> np.ndarray:
        program = self.program
        found = full((len(program.streams), St.READERS + 3))
        found[:, St.BASE] = np.arange(len(found)) * ROOM
        found[:, St.ROOM] = ROOM
        found[:, [St.WAITER, *range(St.READERS, St.READERS + 3)]] = -1
        for number, (_, stream, _) in enumerate(program.cursors):
            free = St.READERS + (found[stream, St.READERS :] >= 0).sum()
            found[stream, free] = number
        for channel, beats in watched.items():
            found[[*program.number(channel)], St.PERIOD] = beats
        kept = np.minimum(found[:, St.PERIOD], 2) * (frames + 1)
        found[:, St.KEPT] = self.first = np.cumsum(kept) - kept
        found[:, St.KEEP] = self.first + kept - 1
        self.kept = full(kept.sum())
        return found

    def _channels(self, watched: Mapping[Channel, int]) -> np.ndarray:
        program = self.program
        found = full((len(program.channels), len(Ch)))
        found[:, [Ch.GIVER, Ch.TAKER]] = -1
        for channel, row in zip(program.channels, found, strict=True):
            row[[Ch.OFFERS, Ch.READIES]] = program.number(channel)
            row[Ch.OPENS] = channel.opens
            alone = not {channel.offers, channel.readies} & program.asked
            row[Ch.MEETS] = alone and channel not in watched
        return found

    def put(self, times: Times, cycle: int) -> None:
        """An event that no process tells."""
        stream = self.program.streams[times]
        while not tell(self.streams, stream, cycle, self.cursors, self.ring, self.kept, self.stack):
            self.grow(stream)

    def settle(self) -> None:
        """Go on until each process has ended or waits for ever."""
        while (stream := settle(
            self.code, self.pauses, self.processes, self.streams, self.channels, self.cursors,
            self.loops, self.ring, self.kept, self.stack,
        )) >= 0:  # fmt: skip
            self.grow(stream)

    def grow(self, stream: int) -> None:
        """Give a stream a ring of twice the size, behind the others'."""
        row = self.streams[stream]
        old = self.ring[row[St.BASE] :][: row[St.ROOM]]
        row[[St.BASE, St.ROOM]] = len(self.ring), 2 * row[St.ROOM]
        self.ring = np.concatenate([self.ring, old, old])

    def count(self, channel: Channel) -> int:
        """Beats transferred."""
        number = self.program.channels.get(channel)
        if number is not None and self.channels[number, Ch.MEETS]:
            return int(self.channels[number, Ch.MOVED])
        streams = self.program.streams
        return int(
            min(self.streams[streams[t], St.COUNT] for t in (channel.offers, channel.readies))
        )

    def moves(self, channel: Channel) -> list[int]:
        """In which cycles each frame's first and last beat was transferred, so far."""
        ways = [
            self.kept[self.first[stream] : self.streams[stream, St.KEPT]].tolist()
            for stream in self.program.number(channel)
        ]
        return [max(both) for both in zip(*ways, strict=False)]

    def repeats(self) -> int | None:
        """By how many cycles all is later than at the last call; None where more is different.

        From then on the same will happen again, so many cycles later, each time.
        """
        before, self.last = self.last, self.snapshot()
        shape, cycles = self.last
        if before is None or not np.array_equal(shape, before[0]):
            return None
        later = np.unique(cycles - before[1])
        aligned = self.code[self.code[:, Code.OP] == Op.ALIGN, Code.COUNT]
        same = len(later) == 1 and not np.any(later % aligned)
        return int(later[0]) if same else None

    def snapshot(self) -> tuple[np.ndarray, np.ndarray]:
        """All that what comes depends on: what is no cycle, then all cycles."""
        cycles, unread = [self.processes[:, Pr.NOW]], []
        for stream, row in enumerate(self.streams):
            places = np.arange(needed(self.streams, stream, self.cursors), row[St.COUNT])
            cycles.append(self.ring[row[St.BASE] + places % row[St.ROOM]])
            unread.append(len(places))
        counts = self.streams[:, St.COUNT]
        at, behind = self.cursors[:, Cu.AT], self.cursors[:, Cu.BEHIND]
        read = [stream for _, stream, _ in self.program.cursors]
        waiters = self.streams[:, St.WAITER]
        shape = [
            self.processes[:, [Pr.PC, Pr.LEFT, Pr.TOLD]].ravel(),
            self.channels[:, [Ch.GIVER, Ch.TAKER]].ravel(),
            self.loops,
            unread,
            at - counts[read],
            np.minimum(at, behind),
            waiters,
            np.where(waiters >= 0, self.streams[:, St.NEED] - counts, 0),
        ]
        return np.concatenate(shape), np.concatenate(cycles)
