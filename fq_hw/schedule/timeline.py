"""When each unit of a plan works on each frame, by the cycle model."""

from __future__ import annotations

from collections.abc import Sequence

from fq_hw.errors import require
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import run

__all__ = ["Span", "unit_spans"]

Span = tuple[int, int]


def unit_spans(plan: Plan, frames: int) -> dict[str, tuple[Span, ...]]:
    """By unit, for each of ``frames``: the cycles of its first beat in and of its last beat out.

    Units that give constants have none. Raises GraphError when the plan deadlocks.
    """
    require(frames >= 1, "unit_spans", "frames must be at least 1", frames)
    constant = {node.name for node in plan.sources}
    moves = {
        source: channel.moves
        for source, channel in run(plan, frames).items()
        if source.node not in constant
    }
    spans = {}
    for node in plan.nodes:
        if node.name not in constant:
            taken = [moves[source] for source in node.inputs if source in moves]
            given = [beats for source, beats in moves.items() if source.node == node.name]
            spans[node.name] = tuple(span(taken, given, n, frames) for n in range(frames))
    return spans


def span(
    taken: Sequence[Sequence[int]], given: Sequence[Sequence[int]], frame: int, frames: int
) -> Span:
    """First beat in and last beat out of a frame: each stream has as many beats in each."""
    whole = all(len(beats) % frames == 0 for beats in (*taken, *given))
    assert whole, "streams carry whole frames"
    first = min(beats[frame * len(beats) // frames] for beats in taken)
    last = max(beats[(frame + 1) * len(beats) // frames - 1] for beats in given)
    return first, last
