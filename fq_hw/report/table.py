"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table"]


def shown(value: object) -> str:
    """A cell: numbers with thousands separated, floats with two digits, a dash for None.

    None is what nobody measured; it is not 0.
    """
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; numbers to the right, words to the left."""
    text = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(head, *text, strict=True)]
    right = [
        all(isinstance(c, int | float) or c is None for c in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(head)

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, text)])
