"""The graph of a network as lines beside its tensors: a row each, branches in own lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fq_hw.report.layers import Key
from fq_hw.report.records import OpRow
from fq_hw.report.svg import Drawn, svg, tag

__all__ = ["LANE", "ROW", "Railway", "lanes", "railway"]

ROW, LANE, DOT = 26, 16, 4.5  # pixels: height of a row, width of a lane, radius of a tensor


@dataclass(frozen=True, kw_only=True)
class Railway:
    """The drawing that stands beside the rows, and its width in pixels."""

    picture: Drawn
    width: int


def lanes(ops: Sequence[OpRow]) -> dict[str, int]:
    """A lane for each tensor, so that no two that wait at the same time share one.

    The main line keeps lane 0: a tensor goes on in the lane of the input that comes last.
    """
    place = {op.name: n for n, op in enumerate(ops)}
    last = {op.name: n for n, op in enumerate(ops)}
    for n, op in enumerate(ops):
        for source in op.inputs:
            last[source] = n
    found: dict[str, int] = {}
    free_from: dict[int, int] = {}  # of a lane, the row in which it is free again
    for n, op in enumerate(ops):
        ended = [found[s] for s in op.inputs if last[s] == n and place[s] < n]
        lane = min(ended, default=None)
        if lane is None:
            lane = next(k for k in range(len(ops)) if free_from.get(k, 0) <= n)
        found[op.name], free_from[lane] = lane, last[op.name]
    return found


def curve(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line that leaves its lane at once and then goes straight down."""
    if x == to_x:
        return f"M{x:g} {y:g}V{to_y:g}"
    bend = y + ROW
    half = y + ROW / 2
    return f"M{x:g} {y:g}C{x:g} {half:g} {to_x:g} {half:g} {to_x:g} {bend:g}V{to_y:g}"


def falling(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line that keeps its lane and changes it at the end."""
    if x == to_x:
        return f"M{x:g} {y:g}V{to_y:g}"
    bend, half = to_y - ROW, to_y - ROW / 2
    return f"M{x:g} {y:g}V{bend:g}C{x:g} {half:g} {to_x:g} {half:g} {to_x:g} {to_y:g}"


def railway(ops: Sequence[OpRow], layers: Mapping[str, Key]) -> Railway:
    """Every tensor a dot of its layer's colour, every use of it a line."""
    lane = lanes(ops)
    row = {op.name: n for n, op in enumerate(ops)}
    users = {op.name: [user.name for user in ops if op.name in user.inputs] for op in ops}

    def at(name: str) -> tuple[float, float]:
        return (lane[name] + 0.5) * LANE, (row[name] + 0.5) * ROW

    paths = []
    for op in ops:
        for user in users[op.name]:
            leaves = lane[user] != lane[op.name] and row[user] > row[op.name] + 1
            waits = users[op.name][-1] == user and leaves
            draw = falling if waits or len(users[op.name]) == 1 else curve
            paths.append(tag("path", d=draw(*at(op.name), *at(user)), class_="wire"))
    dots = []
    for op in ops:
        x, y = at(op.name)
        key = layers.get(op.layer)
        joins = len(op.inputs) > 1
        dots.append(
            tag(
                "circle", cx=x, cy=y, r=DOT + joins * 1.5,
                class_=f"dot {key.colour}" if key else "dot",
                data_l=key.number if key else None,
            )
        )  # fmt: skip
    width = (max(lane.values()) + 1) * LANE
    height = len(ops) * ROW
    label = f"graph of {len(ops)} tensors"
    picture = svg(width, height, *paths, *dots, label=label, width=width, height=height)
    return Railway(picture=picture, width=width)
