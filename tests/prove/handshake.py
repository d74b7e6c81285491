"""The rules of streams: offers hold, no beat is lost or made, nothing stands still.

Of a component's states, each of which ``prove.reach`` has found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

import numpy as np

from fq_hw.schedule.units import Unit
from prove.circuit import Bench
from prove.reach import Space
from prove.table import BrokenError
from rtl_gen.component import component
from sim.vectors import Vectors

__all__ = ["Flow", "around", "conserved", "held", "moving", "rates"]


def around(unit: Unit, vectors: Vectors) -> Bench:
    """The component of ``unit`` between sources and sinks that do whatever is lawful."""
    bench, part = Bench(), component(unit, vectors.contents)
    bench.m.submodules.part = part
    for name in unit.ins:
        bench.feed(name, getattr(part, name))
    for name in unit.outs:
        bench.take(name, getattr(part, name), held=not vectors.late.get(name))
    return bench


def rates(vectors: Vectors) -> dict[str, int]:
    """Beats of every stream in a frame, divided by what they have in common."""
    beats = {name: len(found) for name, found in {**vectors.i, **vectors.o}.items()}
    common = gcd(*beats.values())
    return {name: count // common for name, count in beats.items()}


def held(space: Space, outs: Mapping[str, object]) -> None:
    """A beat that is offered and not taken is offered in the next cycle. Raises BrokenError."""
    for name in outs:
        valid, moves = space.seen[f"sees_{name}_valid"], space.seen[f"sees_{name}_moves"]
        waits = space.after[valid & ~moves]
        waits = waits[waits < space.states]
        if not valid[waits].all():
            raise BrokenError(f"{name}: valid falls before the beat is taken")


@dataclass(frozen=True)
class Flow:
    """Of a stream in and one out: how many beats of the first are inside, at least and at most."""

    into: str
    out: str
    least: float
    most: float


def conserved(space: Space, beats: Mapping[str, int], ins: Mapping, outs: Mapping) -> list[Flow]:
    """No beat is lost or made: what is inside hangs on the state alone. Raises BrokenError.

    With n beats in for m out, m * (came) - n * (went) is the same whichever way led to a state; a
    loop through states that lost a beat, or made one, would come back with another number.
    """
    found = []
    for into in ins:
        for out in outs:
            gain = beats[out] * space.seen[f"sees_{into}_moves"].astype(np.int64)
            gain -= beats[into] * space.seen[f"sees_{out}_moves"]
            inside = followed(space.after, gain)
            if (inside[: space.states, None] + gain != inside[space.after]).any():
                raise BrokenError(f"{into} to {out}: beats get lost, or come from nowhere")
            least, most = int(inside.min()), int(inside.max())
            found.append(Flow(into, out, least / beats[out], most / beats[out]))
    return found


def followed(after: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """A number for each state: that of the first is 0, and some step to it gains the rest."""
    inside, known = np.zeros(after.max() + 1, np.int64), np.zeros(after.max() + 1, bool)
    known[0], frontier = True, np.array([0])
    while len(frontier):
        reached, value = after[frontier].ravel(), (inside[frontier, None] + gain[frontier]).ravel()
        reached, which = np.unique(reached, return_index=True)
        new = ~known[reached]
        frontier, value = reached[new], value[which][new]
        inside[frontier], known[frontier] = value, True
        frontier = frontier[frontier < len(after)]
    return inside


def moving(space: Space, ins: Mapping, outs: Mapping) -> int:
    """Cycles after which a beat has moved, where all streams are willing. Raises BrokenError.

    And that an output offers a beat, though nobody is ready to take it, where all others are
    willing: valid waits for no ready.
    """
    willing = {f"may_{name}_valid" for name in ins} | {f"may_{name}_ready" for name in outs}
    ports = [f"sees_{name}_moves" for name in (*ins, *outs)]
    longest = waits(space, willing, ports, "stands still")
    for name in outs:
        others = willing - {f"may_{name}_ready"}
        waits(space, others, [f"sees_{name}_valid"], f"{name}: valid waits for ready")
    return longest


def waits(space: Space, set_: set[str], seen: list[str], wrong: str) -> int:
    """The most cycles, from any state, until one of ``seen`` is 1 under inputs that stay."""
    bits = [name in set_ for name in space.inputs]
    way = int("".join("01"[bit] for bit in bits) or "0", 2)
    there = np.any([space.seen[name][:, way] for name in seen], axis=0)
    at, left = np.arange(space.states), ~there
    cycles = 0
    while left.any():
        at = np.where(left, space.after[at, way], at)
        left &= ~there[at]
        cycles += 1
        if cycles > space.states:
            raise BrokenError(wrong)
    return cycles
