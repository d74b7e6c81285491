"""A frame's way through the units: when each has its first beat in and its last beat out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.report.layers import Key
from fq_hw.report.records import DesignRecord
from fq_hw.report.svg import Drawn, svg, tag

__all__ = ["TimeRow", "Timeline", "steps", "timeline"]

WIDE, TALL = 1000, 10  # of a row's drawing, which is stretched to the width there is
TICKS = 5


@dataclass(frozen=True, kw_only=True)
class TimeRow:
    """A unit: its layer, its drawing, and the cycles in words."""

    name: str
    key: Key | None
    picture: Drawn
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Rows, and marks of the axis: share of the width in percent, cycle."""

    rows: tuple[TimeRow, ...]
    ticks: tuple[tuple[float, int], ...]


def steps(most: float, count: int = TICKS) -> list[int]:
    """Round numbers from 0 to ``most``, about ``count`` of them."""
    rough, power = max(most / count, 1), 1
    while power * 10 <= rough:
        power *= 10
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    return list(range(0, int(most) + 1, step))


def timeline(design: DesignRecord, layers: Mapping[str, Key]) -> Timeline:
    """Units that work on frames, in the order of the plan; the first frame in full colour."""
    working = [unit for unit in design.units if unit.spans]
    end = max(max(unit.spans[0][1] for unit in working), 2 * design.interval)
    ticks = steps(end)
    rows = []
    for unit in working:
        key = layers.get(unit.layer)
        bars = []
        for n, (first, last) in enumerate(unit.spans):
            if first >= end:
                continue
            x = WIDE * first / end
            wide = max(WIDE * (min(last, end) - first) / end, 2.0)
            colour = key.colour if key else "none"
            shade = "" if n == 0 else " later"
            bars.append(
                tag("rect", x=x, y=1.5, width=wide, height=TALL - 3, class_=f"{colour}{shade}")
            )
        first, last = unit.spans[0]
        label = f"{unit.name}: cycles {first:,} to {last:,}"
        picture = svg(WIDE, TALL, *bars, label=label, preserveAspectRatio="none", class_="stretch")
        rows.append(TimeRow(name=unit.name, key=key, picture=picture, first=first, last=last))
    return Timeline(
        rows=tuple(rows), ticks=tuple((round(100 * tick / end, 3), tick) for tick in ticks)
    )
