"""Confusion: what the model said of the images of each class."""

from __future__ import annotations

from collections.abc import Sequence

from fq_hw.report.svg import Drawn, svg, tag

__all__ = ["confusion", "mistakes"]

WRITTEN = 20  # classes up to which every count is written
CELL, TOP = 26, 26
LETTER = 6.2  # width of one, and room beside the longest
LONGEST = 12  # letters of a class's name beside the picture


def short(name: str) -> str:
    """A name that fits beside the picture."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Drawn:
    """Rows are true classes; the darker a cell, the larger its share of the row."""
    few = len(classes) <= WRITTEN
    cell = CELL if few else max(4, 560 // len(classes))
    left = 14 + LETTER * max(len(short(name)) for name in classes) if few else 0.0
    top = TOP if few else 0
    size = cell * len(classes)
    drawn = [tag("rect", x=left, y=top, width=size, height=size, class_="paper")]
    for row, line in enumerate(counts):
        whole = sum(line) or 1
        for column, count in enumerate(line):
            if not count:
                continue
            right = row == column
            share = count / whole
            x, y = left + column * cell, top + row * cell
            title = f"{classes[row]}, called {classes[column]}: {count:,} of {whole:,}"
            strength = 0.12 + 0.88 * (share if right else min(1.0, 4 * share))
            drawn.append(tag("rect", tag("title", title), x=x + 0.5, y=y + 0.5, width=cell - 1,
                             height=cell - 1, class_="right" if right else "wrong",
                             fill_opacity=strength))  # fmt: skip
            if few:
                strong = " on" if strength > 0.55 else ""
                drawn.append(tag("text", str(count), x=x + cell / 2, y=y + cell / 2,
                                 class_=f"count{strong}"))  # fmt: skip
    for n, name in enumerate(classes if few else ()):
        middle = n * cell + cell / 2
        drawn.append(tag("text", short(name), x=left - 8, y=top + middle, class_="class end"))
        drawn.append(tag("text", short(name)[:3], x=left + middle, y=top - 8, class_="class mid"))
    label = f"confusion of {len(classes)} classes"
    width, height = left + size + 1, top + size + 1
    return svg(width, height, *drawn, label=label, class_="confusion")


def mistakes(
    counts: Sequence[Sequence[int]], classes: Sequence[str], most: int = 8
) -> list[tuple[str, str, int]]:
    """The most frequent mistakes: true class, what it was called, how often."""
    found = [
        (-count, row, column)
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if count and row != column
    ]
    return [(classes[row], classes[column], -count) for count, row, column in sorted(found)[:most]]
