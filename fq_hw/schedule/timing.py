"""The cycle model: when every beat moves, exactly as the hardware's handshakes make it move.

Each unit is a process over streams. A stream's k-th transfer happens in the first cycle in which
its producer offers beat k and its consumer is ready for it; producers never wait for readiness, so
both times can be computed apart and the later one counts. Nothing is simulated cycle by cycle: the
work grows with the number of beats. A process that waits for ever is a deadlock.

Cycle 0 is the first cycle after reset. ROM streams give a word in every cycle once their first has
come, and have no process: whoever reads one takes nothing else before.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass

from fq_hw.errors import GraphError, require
from fq_hw.schedule import units
from fq_hw.schedule.plan import Plan, Source

__all__ = ["Channel", "Process", "Schedule", "Times", "processes", "settle", "simulate"]


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


Process = Generator[tuple[Times, int], int, int | None]


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


@functools.singledispatch
def processes(unit: units.Unit, i: list[Channel], o: list[Channel], new: Callable) -> list[Process]:
    """The processes of ``unit`` between its input and output channels; ``new`` makes Times."""
    raise GraphError(f"{type(unit).__name__}: has no timing; teach fq_hw/schedule/timing.py")


def register_stage(i: Channel, o: Channel) -> Process:
    """One output register: a beat a cycle, ready when empty or being emptied."""
    free = 0
    while True:
        taken = yield from i.take(free)
        free = yield from o.give(taken + 1)


def in_turn(made: Times, o: Channel, gone: Times, later: int = 0) -> Process:
    """Offer what is ``made``, ``later`` cycles after and one after the other; tell when it went."""
    free = 0
    for index in itertools.count():
        there = yield made, index
        taken = yield from o.give(max(there + later, free))
        free = taken + 1
        gone.put(taken)


def two_places(i: Channel, o: Channel, new: Callable[[], Times]) -> list[Process]:
    """A beat a cycle later; two have places to wait."""
    come, gone = new(), new()

    def take() -> Process:
        free = 0
        for index in itertools.count():
            if index >= 2:
                free = max(free, 1 + (yield gone, index - 2))
            free = 1 + (yield from i.take(free))
            come.put(free)

    return [take(), in_turn(come, o, gone)]


class Requests:
    """Two places where requests to a memory wait until they are read.

    ``read`` hears of each beat's number and the cycle in which it is read.
    """

    def __init__(self, o: Channel, new: Callable[[], Times], read: Callable[[int, int], None]):
        self.o, self.new, self.read, self.step = o, new, read, -1
        self.asked, self.left = new(), new()

    def ask(self, there: int) -> Process:
        """Ask for the next beat, which is in the memory from cycle ``there`` on."""
        index, step = len(self.asked), max(self.step + 1, there)
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
        steps, gone = self.new(), self.new()

        def pass_on() -> Process:
            step = -1
            for index in itertools.count():
                step = max(step + 1, (yield self.asked, index))
                if index >= units.READ:
                    step = max(step, (yield gone, index - units.READ))
                self.left.put(step)
                steps.put(step)
                self.read(index, step)

        return [pass_on(), in_turn(steps, self.o, gone, later=units.READ)]


@processes.register
def _(unit: units.EmbedUnit, i, o, new):
    return [register_stage(i[0], o[0])]


@processes.register
def _(unit: units.ThresholdUnit, i, o, new):
    compared = Channel(o[0].offers.runnable)
    return [register_stage(i[0], compared), *two_places(compared, o[0], new)]


@processes.register(units.PlaneUnit)
@processes.register(units.RequantizeUnit)
def _(unit, i, o, new):
    between = [Channel(o[0].offers.runnable) for _ in range(unit.latency() - 1)]
    return [register_stage(*ends) for ends in itertools.pairwise([i[0], *between, o[0]])]


@processes.register
def _(unit: units.ConvertUnit, i, o, new):
    ratio = unit.lanes_out // unit.lanes_in

    def up() -> Process:
        free = 0
        while True:
            left = unit.beats_in
            while left:
                for _ in range(min(ratio, left)):
                    taken = yield from i[0].take(free)
                    free = taken + 1
                left -= min(ratio, left)
                free = yield from o[0].give(taken + 1)

    def down() -> Process:
        free = 0
        while True:
            parts = unit.beats_out
            for _ in range(unit.beats_in):
                taken = yield from i[0].take(free)
                free = taken + 1
                for _ in range(min(unit.lanes_in // unit.lanes_out, parts)):
                    free = 1 + (yield from o[0].give(free))
                parts -= min(unit.lanes_in // unit.lanes_out, parts)

    return [up() if ratio else down()]


@processes.register
def _(unit: units.WindowUnit, i, o, new):
    arrived, freed = new(), new()  # per pixel: readable from; per row: writable again from
    band = unit.groups * unit.repeats * unit.window_beats

    def read(index: int, step: int) -> None:
        if (index + 1) % band == 0:
            for _ in range(unit.freed(index // band % unit.out_height)):
                freed.put(step + 2)

    requests = Requests(o[0], new, read)

    def write() -> Process:
        free = 0
        for row in itertools.count():
            if row >= unit.rows:
                room = yield freed, row - unit.rows
                free = max(free, room)
            for _ in range(unit.width):
                for _ in range(unit.folds):
                    taken = yield from i[0].take(free)
                    free = taken + 1
                arrived.put(free + unit.NEWS)

    def ask() -> Process:
        frame = 0
        for oy in itertools.cycle(range(unit.out_height)):
            for group in range(unit.groups):
                there = yield arrived, frame + unit.last_pixel(oy, group)
                for _ in range(unit.repeats * unit.window_beats):
                    yield from requests.ask(there)
            if oy == unit.out_height - 1:
                frame += unit.height * unit.width

    return [write(), ask(), requests.when_taken()]


@processes.register
def _(unit: units.ReorderUnit, i, o, new):
    whole, freed = new(), new()  # groups written, groups read

    def read(index: int, step: int) -> None:
        if (index + 1) % unit.group_beats == 0:
            freed.put(step + 2)

    requests = Requests(o[0], new, read)

    def write() -> Process:
        free = 0
        for group in itertools.count():
            if group >= unit.BANKS:
                free = max(free, (yield freed, group - unit.BANKS))
            for _ in range(unit.group_beats):
                taken = yield from i[0].take(free)
                free = taken + 1
            whole.put(free)

    def ask() -> Process:
        for group in itertools.count():
            there = yield whole, group
            for _ in range(unit.group_beats):
                yield from requests.ask(there)

    return [write(), ask(), *requests.ahead()]


@processes.register
def _(unit: units.ConvUnit, i, o, new):
    acts, finished, gone = i[0], new(), new()

    def engine() -> Process:
        free, others = 0, range(unit.sf - 1)
        for index in itertools.count():
            for _ in others:
                free = 1 + (yield from acts.take(free))
            if index >= unit.slots:  # a finished sum needs a place to wait
                free = max(free, 1 + (yield gone, index - unit.slots))
            free = 1 + (yield from acts.take(free))
            finished.put(free + unit.sum_cycles)

    later = unit.slots > 1  # a queue takes a cycle more than a register
    return [engine(), in_turn(finished, o[0], gone, later)]


@processes.register
def _(unit: units.ForkUnit, i, o, new):
    def fork() -> Process:
        for index in itertools.count():
            offer = yield i[0].offers, index
            for channel in o:
                channel.offers.put(offer)
            taken = []
            for channel in o:
                ready = yield channel.readies, index
                taken.append(max(offer, ready))
            i[0].readies.put(max(taken))

    return [fork()]


@processes.register
def _(unit: units.FifoUnit, i, o, new):
    written, moved = new(), new()
    latch = Channel(written.runnable)  # between the RAM's register and the one behind it

    def write() -> Process:
        free, words = 0, unit.depth - 2
        for index in itertools.count():
            if index >= words:
                room = yield moved, index - words
                free = max(free, room + 1)
            taken = yield from i[0].take(free)
            free = taken + 1
            written.put(free)

    def read() -> Process:
        taken, step = 0, -1
        for index in itertools.count():
            there = yield written, index
            step = max(there, taken, step + 1)
            moved.put(step)
            taken = yield from latch.give(step + 1)

    return [write(), read(), register_stage(latch, o[0])]


@processes.register
def _(unit: units.AddUnit, i, o, new):
    summed, gone = new(), new()

    def join() -> Process:
        taken = -1
        for index in itertools.count():
            offers = []
            for channel in i:
                offers.append((yield channel.offers, index))
            taken = max(taken + 1, *offers)
            if index >= 2:  # two sums have places to wait
                taken = max(taken, 1 + (yield gone, index - 2))
            for channel in i:
                channel.readies.put(taken)
            summed.put(taken + 1)

    return [join(), in_turn(summed, o[0], gone)]


@processes.register
def _(unit: units.ConcatUnit, i, o, new):
    def concat() -> Process:
        free = 0
        while True:
            for which in unit.order:
                for _ in range(unit.folds[which]):
                    taken = yield from i[which].take(free)
                    free = yield from o[0].give(taken + 1)

    return [concat()]


@processes.register
def _(unit: units.PixelSumUnit, i, o, new):
    def accumulate() -> Process:
        free = index = 0
        while True:
            for _ in range((unit.pixels - 1) * unit.folds):
                free = 1 + (yield from i[0].take(free))
            for _ in range(unit.folds):
                if index:
                    free = max(free, (yield from o[0].taken(index - 1)))
                free = 1 + (yield from i[0].take(free))
                o[0].offers.put(free)
                index += 1

    return [accumulate()]


@processes.register
def _(unit: units.PoolUnit, i, o, new):
    def pool() -> Process:
        free = index = 0
        while True:
            for y, x, _ in itertools.product(*map(range, (unit.height, unit.width, unit.folds))):
                emits = unit.emits(y, x)
                if emits and index:
                    free = max(free, (yield from o[0].taken(index - 1)))
                free = 1 + (yield from i[0].take(free))
                if emits:
                    o[0].offers.put(free)
                    index += 1

    return [pool()]


@processes.register
def _(unit: units.ScoreUnit, i, o, new):
    def multiply() -> Process:
        free = 0
        while True:
            for _ in range(unit.classes):
                taken = yield from i[0].take(free)
                free = taken + unit.class_cycles
            free = 1 + (yield from o[0].give(free))

    return [multiply()]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Cycles of a free-running accelerator: pixels always offered, results always taken.

    first_pixel, results: cycle in which the first pixel and each frame's result moved
    """

    first_pixel: int
    results: tuple[int, ...]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel to the first result."""
        return self.results[0] - self.first_pixel

    @property
    def interval(self) -> int:
        """Cycles per frame, between the last two results; the first come closer in fast plans."""
        return self.results[-1] - self.results[-2]


def feed(channel: Channel, beats: int, taken: list[int]) -> Process:
    """Offer a beat in every cycle."""
    free = 0
    for _ in range(beats):
        taken.append((yield from channel.give(free)))
        free = taken[-1] + 1


def drain(channel: Channel, taken: list[int]) -> Process:
    """Be ready in every cycle."""
    free = 0
    while True:
        taken.append((yield from channel.take(free)))
        free = taken[-1] + 1


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


def simulate(plan: Plan, frames: int = 3) -> Schedule:
    """When a free-running accelerator takes pixels and gives results, for ``frames`` frames.

    Raises GraphError when the plan deadlocks.
    """
    require(frames >= 2, "simulate", "frames must be at least 2", frames)
    runnable: list[tuple[Process, int | None]] = []

    def new() -> Times:
        return Times(runnable)

    roms = {node.name: node.unit.latency() for node in plan.roms}
    channels = {source: Channel(runnable) for source in plan.readers}
    for node in plan.nodes:
        opens = max((roms.get(source.node, 0) for source in node.inputs), default=0)
        for source in node.inputs:
            channels[source].opens = opens
    result = Source(plan.nodes[-1].name)
    channels[result] = Channel(runnable)
    for node in plan.nodes:
        if node.name not in roms:
            i = [channels[source] for source in node.inputs if source.node not in roms]
            o = [
                channels[source]
                for source in sorted(channels, key=lambda s: s.way)
                if source.node == node.name
            ]
            runnable += [(process, None) for process in processes(node.unit, i, o, new)]
    pixels: list[int] = []
    results: list[int] = []
    beats = frames * plan.image[0] * plan.image[1]
    runnable += [(feed(channels[Source(Plan.INPUT)], beats, pixels), None)]
    runnable += [(drain(channels[result], results), None)]
    settle(runnable)
    contract = f"stands still after {len(results)} of {frames} results; a skip FIFO is too shallow"
    require(len(results) == frames, f"plan {plan.name!r}", contract, kind=GraphError)
    return Schedule(first_pixel=pixels[0], results=tuple(results))
