"""Roofline: how many products a cycle there are, over how many each byte that comes in brings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.report.layers import Key
from fq_hw.report.records import DesignRecord
from fq_hw.report.svg import Drawn, number, svg, tag

__all__ = ["Limits", "limits", "roofline"]

WIDE, TALL = 520.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 14.0, 40.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds a network at a clock; all in products (MAC) per cycle.

    intensity  products per byte of an image
    installed  by all dot products together
    reached    by the design, free running
    pixels     with a pixel in every cycle
    link       through the board's link, at ``clock_mhz``
    """

    intensity: float
    installed: int
    reached: float
    pixels: float
    link: float
    clock_mhz: float


def limits(design: DesignRecord, clock_mhz: float) -> Limits:
    """The bounds of ``design`` at the clock of its bitstream."""
    height, width, colours = design.image
    return Limits(
        intensity=design.macs / (height * width * colours),
        installed=sum(row.macs_per_cycle or 0 for row in design.layers),
        reached=design.macs / design.interval,
        pixels=design.macs / (height * width),
        link=design.macs * design.device.link_frames_per_second / (clock_mhz * 1e6),
        clock_mhz=clock_mhz,
    )


def decades(values: list[float]) -> tuple[int, int]:
    """Powers of ten around all of them."""
    return math.floor(math.log10(min(values) * 0.7)), math.ceil(math.log10(max(values) * 1.4))


def power(n: int) -> str:
    """10**n as an axis says it."""
    return f"{10**n:,}" if n >= 0 else f"{10.0**n:.{-n}f}"


def roofline(design: DesignRecord, found: Limits, layers: Mapping[str, Key]) -> Drawn:
    """Layers as small dots, the network as two large ones: free running, and through the link."""
    dots = [(row, row.macs / row.bytes_in, row.macs / design.interval)
            for row in design.layers if row.macs and row.bytes_in]  # fmt: skip
    xs = [found.intensity, *(x for _, x, _ in dots)]
    ys = [found.installed, found.reached, found.link, *(y for *_, y in dots)]
    (x0, x1), (y0, y1) = decades(xs), decades([float(y) for y in ys])

    def at_x(x: float) -> float:
        return LEFT + (math.log10(x) - x0) / (x1 - x0) * (WIDE - LEFT - RIGHT)

    def at_y(y: float) -> float:
        return TALL - BOTTOM - (math.log10(y) - y0) / (y1 - y0) * (TALL - TOP - BOTTOM)

    drawn = []
    for n in range(x0, x1 + 1):
        x = at_x(10.0**n)
        drawn.append(tag("line", x1=x, x2=x, y1=TOP, y2=TALL - BOTTOM, class_="grid"))
        drawn.append(tag("text", power(n), x=x, y=TALL - BOTTOM + 16, class_="tick mid"))
    for n in range(y0, y1 + 1):
        y = at_y(10.0**n)
        drawn.append(tag("line", x1=LEFT, x2=WIDE - RIGHT, y1=y, y2=y, class_="grid"))
        drawn.append(tag("text", power(n), x=LEFT - 6, y=y + 4, class_="tick end"))
    drawn.append(tag("text", "MAC per byte that comes in", x=WIDE - RIGHT, y=TALL - 6,
                     class_="axis end"))  # fmt: skip
    drawn.append(tag("text", "MAC per cycle", x=LEFT + 6, y=TOP + 11, class_="axis"))

    def slope(rate: float) -> str:
        """The line y = rate * x inside the frame."""
        ends = []
        for x in (10.0**x0, 10.0**x1):
            y = min(max(rate * x, 10.0**y0), found.installed)
            ends.append(f"{number(at_x(y / rate))} {number(at_y(y))}")
        return f"M{ends[0]}L{ends[1]}"

    roof = at_y(found.installed)
    drawn.append(tag("line", x1=LEFT, x2=WIDE - RIGHT, y1=roof, y2=roof, class_="roof"))
    drawn.append(tag("text", f"installed: {found.installed:,} MAC/cycle", x=WIDE - RIGHT - 4,
                     y=roof - 6, class_="label end"))  # fmt: skip
    drawn.append(tag("path", d=slope(found.link / found.intensity), class_="roof link"))
    for row, x, y in dots:
        key = layers[row.name]
        title = tag("title", f"{key.number} {row.name}")
        drawn.append(tag("circle", title, cx=at_x(x), cy=at_y(y), r=4,
                         class_=f"{key.colour} layer", data_l=key.number))  # fmt: skip
    x, y, low = at_x(found.intensity), at_y(found.reached), at_y(found.link)
    drawn.append(tag("line", x1=x, x2=x, y1=y, y2=low, class_="drop"))
    drawn.append(tag("circle", cx=x, cy=y, r=6.5, class_="network"))
    drawn.append(tag("circle", cx=x, cy=low, r=5, class_="network hollow"))
    side, end = (-11, " end") if x > WIDE / 2 else (11, "")
    above = y - 10 if y - roof > 30 else y + 19
    below = low - 8 if low - 8 - above > 16 else max(low, above) + 17
    for text, height, strong in (
        (f"network: {found.reached:,.0f}", above, " strong"),
        (f"through the link: {found.link:,.3g}", below, ""),
    ):
        drawn.append(tag("text", text, x=x + side, y=height, class_=f"label{strong}{end}"))
    label = f"roofline: {found.reached:,.0f} of {found.installed:,} MAC per cycle are reached"
    return svg(WIDE, TALL, *drawn, label=label, class_="chart")
