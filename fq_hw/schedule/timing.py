"""The cycle model of a plan: when every beat moves, exactly as the handshakes make it move.

Each unit brings its processes; here they are wired as the plan says. A process that waits for ever
is a deadlock. Cycle 0 is the first cycle after reset; where there is an SDRAM, the first in which
it is ready. ROM streams give a word in every cycle once their first has come, and are left out:
whoever reads one takes nothing else before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from fq_hw.errors import GraphError, require
from fq_hw.schedule import plain
from fq_hw.schedule.events import drain
from fq_hw.schedule.plan import Plan, Source
from fq_hw.schedule.steps import Channel, Give, Process, Steps, Times, Wait

__all__ = ["Schedule", "Wired", "run_of", "simulate"]

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Cycles of a free-running accelerator: pixels always offered, results always taken.

    first_pixel, results: cycle in which the first pixel and the last beat of each frame's result
    moved
    """

    first_pixel: int
    results: tuple[int, ...]

    @property
    def latency(self) -> int:
        """Cycles from the first pixel to the end of the first result."""
        return self.results[0] - self.first_pixel

    @property
    def interval(self) -> int:
        """Cycles per frame, between the last two results; the first come closer in fast plans."""
        return self.results[-1] - self.results[-2]


class Run(Protocol):
    """Processes under way; ``plain`` and ``compiled`` have one."""

    def put(self, times: Times, cycle: int) -> None: ...
    def settle(self) -> None: ...
    def count(self, channel: Channel) -> int: ...
    def moves(self, channel: Channel) -> list[int]: ...
    def repeats(self) -> int | None: ...


def run_of(processes: Iterable[Process], watched: Mapping[Channel, int], frames: int) -> Run:
    """``processes`` compiled where all are steps and Numba is here, else in plain Python."""
    processes, steps = [*processes], [p for p in processes if isinstance(p, Steps)]
    if len(steps) < len(processes) or find_spec("numba") is None:
        return plain.Run(processes, watched)
    from fq_hw.schedule import compiled

    return compiled.Run(steps, watched, frames)


def way(source: Source) -> int:
    """Which of a node's outputs it is."""
    return source.way


class Wired:
    """A plan's processes, the ``channels`` between them, pixels before them, a reader behind.

    Good for one run.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        constant = {node.name: node.unit.latency() for node in plan.sources if node.unit.STEADY}
        self.channels = {s: Channel() for s in plan.readers if s.node not in constant}
        pixels, results = Source(plan.INPUT), Source(plan.nodes[-1].name)
        self.pixels, self.results = self.channels[pixels], Channel()
        self.channels[results] = self.results
        self.start, self.frame = Times(), plan.image[0] * plan.image[1]
        frame = Wait(self.start), Give(self.pixels, self.frame)
        self.processes: list[Process] = [Steps(*frame), drain(self.results)]
        for node in plan.nodes:
            if node.name not in constant:
                opens = max((constant.get(source.node, 0) for source in node.inputs), default=0)
                i = [self.channels[s] for s in node.inputs if s in self.channels]
                for channel in i:
                    channel.opens = opens + node.unit.hears
                ways = sorted((s for s in self.channels if s.node == node.name), key=way)
                self.processes += node.unit.processes(i, [self.channels[s] for s in ways])

    def run(self, frames: int, watched: Mapping[Channel, int]) -> dict[Channel, list[Span]]:
        """In which cycles each frame's first and last beat move, of the channels ``watched``.

        They have so many beats a frame. Once all that comes repeats, it is not run any more.
        Raises GraphError when the plan deadlocks.
        """
        run, done, later = run_of(self.processes, watched, frames), 0, None
        while done < frames and later is None:
            run.put(self.start, 0)
            run.settle()
            done, given = done + 1, run.count(self.results) // self.plan.result.beats_out
            later = run.repeats() if given == done else None
        contract = f"stands still after {given} of {frames} results; a skip FIFO is too shallow"
        require(given == done, f"plan {self.plan.name!r}", contract, kind=GraphError)
        found = {}
        for channel, beats in watched.items():
            moves = run.moves(channel)
            first, last = (moves, moves) if beats == 1 else (moves[::2], moves[1::2])
            # What comes from a memory runs ahead, into the next frame.
            found[channel] = [*zip(first[:done], last[:done], strict=True)]
        for _ in range(done, frames):
            for spans in found.values():
                spans.append((spans[-1][0] + later, spans[-1][1] + later))
        return found

    def beats(self) -> dict[Source, int]:
        """Of a frame, by channel: what the second brings, as some run ahead in the first."""
        run, counts = run_of(self.processes, {}, 2), []
        for _ in range(2):
            run.put(self.start, 0)
            run.settle()
            counts.append([run.count(channel) for channel in self.channels.values()])
        each = (after - before for before, after in zip(*counts, strict=True))
        return dict(zip(self.channels, each, strict=True))


def simulate(plan: Plan, frames: int = 3) -> Schedule:
    """When a free-running accelerator takes pixels and gives results, for ``frames`` frames.

    Raises GraphError when the plan deadlocks.
    """
    require(frames >= 2, "simulate", "frames must be at least 2", frames)
    wired = Wired(plan)
    watched = {wired.pixels: wired.frame, wired.results: plan.result.beats_out}
    moves = wired.run(frames, watched)
    return Schedule(
        first_pixel=moves[wired.pixels][0][0],
        results=tuple(last for _, last in moves[wired.results]),
    )
