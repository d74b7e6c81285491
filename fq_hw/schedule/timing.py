"""The cycle model of a plan: when every beat moves, exactly as the handshakes make it move.

Each unit brings its processes; here they are wired as the plan says. A process that waits for ever
is a deadlock. Cycle 0 is the first cycle after reset; where there is an SDRAM, the first in which
it is ready. ROM streams give a word in every cycle once their first has come, and are left out:
whoever reads one takes nothing else before.
"""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.errors import GraphError, require
from fq_hw.schedule.events import Channel, Process, drain, feed, settle
from fq_hw.schedule.plan import Plan, Source

__all__ = ["Schedule", "run", "simulate"]


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


def simulate(plan: Plan, frames: int = 3) -> Schedule:
    """When a free-running accelerator takes pixels and gives results, for ``frames`` frames.

    Raises GraphError when the plan deadlocks.
    """
    require(frames >= 2, "simulate", "frames must be at least 2", frames)
    channels = run(plan, frames)
    pixels, beats = channels[Source(Plan.INPUT)], channels[Source(plan.nodes[-1].name)]
    ends = slice(plan.result.beats_out - 1, None, plan.result.beats_out)
    return Schedule(first_pixel=pixels.moves[0], results=tuple(beats.moves[ends]))


def run(plan: Plan, frames: int) -> dict[Source, Channel]:
    """Every stream of ``plan`` after ``frames`` frames; those that a ROM gives have no moves.

    Raises GraphError when the plan deadlocks.
    """
    runnable: list[tuple[Process, int | None]] = []
    sources = {node.name: node.unit.latency() for node in plan.sources if node.unit.STEADY}
    channels = {source: Channel(runnable) for source in plan.readers}
    for node in plan.nodes:
        opens = max((sources.get(source.node, 0) for source in node.inputs), default=0)
        for source in node.inputs:
            channels[source].opens = opens
    result = Source(plan.nodes[-1].name)
    channels[result] = Channel(runnable)
    for node in plan.nodes:
        if node.name not in sources:
            i = [channels[source] for source in node.inputs if source.node not in sources]
            given = sorted((s for s in channels if s.node == node.name), key=lambda s: s.way)
            o = [channels[source] for source in given]
            runnable += [(process, None) for process in node.unit.processes(i, o)]
    pixels, raster = channels[Source(Plan.INPUT)], range(frames * plan.image[0] * plan.image[1])
    runnable += [(feed(pixels, beats=raster), None), (drain(channels[result]), None)]
    settle(runnable)
    beats, each = len(channels[result].moves), plan.result.beats_out
    contract = f"stands still after {beats // each} of {frames} results; a skip FIFO is too shallow"
    require(beats == frames * each, f"plan {plan.name!r}", contract, kind=GraphError)
    return channels
