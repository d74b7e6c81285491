"""Small pictures that are stretched to the width there is: bars, marks, intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fq_hw.report.svg import Drawn, svg, tag

__all__ = ["bar", "interval_of", "marks", "whisker"]

WIDE, TALL = 100.0, 10.0


def bar(share: float, colour: str, label: str) -> Drawn:
    """A bar of ``share`` of the width, at most all of it."""
    filled = tag("rect", x=0, y=0, width=WIDE * min(share, 1.0), height=TALL, class_=colour)
    back = tag("rect", x=0, y=0, width=WIDE, height=TALL, class_="track")
    return svg(WIDE, TALL, back, filled, label=label, preserveAspectRatio="none", class_="bar")


def marks(values: Sequence[float], best: float, low: float, high: float, label: str) -> Drawn:
    """A line for each value between ``low`` and ``high``; the best one in the accent."""
    drawn = [tag("rect", x=0, y=0, width=WIDE, height=TALL, class_="track")]
    for value in sorted(values, key=lambda v: v == best):
        x = WIDE * (value - low) / (high - low)
        kind = "mark best" if value == best else "mark"
        drawn.append(tag("line", x1=x, x2=x, y1=0, y2=TALL, class_=kind))
    return svg(WIDE, TALL, *drawn, label=label, preserveAspectRatio="none", class_="bar tall")


def interval_of(right: int, images: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson: what other images of the same kind would give."""
    z = 1.959964
    share, spread = right / images, z * z / images
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / images + spread / images / 4) / (1 + spread)
    return 100 * max(middle - half, 0.0), 100 * min(middle + half, 1.0)


def whisker(low: float, value: float, high: float, least: float, label: str) -> Drawn:
    """An interval and the value in it, in percent, on an axis from ``least`` to 100."""

    def at(percent: float) -> float:
        return WIDE * (percent - least) / (100 - least)

    drawn = [
        tag("rect", x=0, y=0, width=WIDE, height=TALL, class_="track"),
        tag("rect", x=at(low), y=3, width=max(at(high) - at(low), 0.5), height=4, class_="range"),
        tag("line", x1=at(value), x2=at(value), y1=0, y2=TALL, class_="mark best"),
    ]
    return svg(WIDE, TALL, *drawn, label=label, preserveAspectRatio="none", class_="bar")
