"""When each unit of a plan works on each frame, by the cycle model."""

from __future__ import annotations

from fq_hw.errors import require
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import Wired

__all__ = ["Span", "unit_spans"]

Span = tuple[int, int]


def unit_spans(plan: Plan, frames: int) -> dict[str, tuple[Span, ...]]:
    """By unit, for each of ``frames``: the cycles of its first beat in and of its last beat out.

    Units that give constants have none. Raises GraphError when the plan deadlocks.
    """
    require(frames >= 1, "unit_spans", "frames must be at least 1", frames)
    beats, wired = Wired(plan).beats(), Wired(plan)
    channels = {source: channel for source, channel in wired.channels.items() if beats[source]}
    moves = wired.run(frames, {channel: beats[source] for source, channel in channels.items()})
    ends = {source: moves[channel] for source, channel in channels.items()}
    spans = {}
    for node in plan.nodes:
        if node.unit.ins:
            taken = [ends[source] for source in node.inputs if source in ends]
            given = [frames for source, frames in ends.items() if source.node == node.name]
            begins = [min(first for first, _ in ways) for ways in zip(*taken, strict=True)]
            finished = [max(last for _, last in ways) for ways in zip(*given, strict=True)]
            spans[node.name] = tuple(zip(begins, finished, strict=True))
    return spans
