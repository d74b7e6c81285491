"""The placed chip: every tile in the colour of the layer that has most of its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fq_hw.report.layers import LINK, Key, Placed
from fq_hw.report.svg import Drawn, number, svg, tag

__all__ = ["chip", "runs", "tiles"]

GAP = 0.14  # between tiles
NAMES = 42  # of a layer's number, so many times its height is the chip's width
Tile = tuple[int, int]


def tiles(cells: Mapping[str, Placed]) -> dict[str, list[Tile]]:
    """By layer the tiles of which it has most of the logic; the first layer of equals."""
    best: dict[Tile, tuple[int, str]] = {}
    for name, placed in cells.items():
        for tile, count in placed.logic.items():
            if count > best.get(tile, (0, ""))[0]:
                best[tile] = count, name
    found: dict[str, list[Tile]] = {name: [] for name in cells}
    for tile, (_, name) in sorted(best.items()):
        found[name].append(tile)
    return found


def runs(places: Iterable[Tile]) -> list[tuple[int, int, int]]:
    """Neighbours in a row as one: column, row, how many."""
    found: list[tuple[int, int, int]] = []
    for y, x in sorted((y, x) for x, y in places):
        if found and found[-1][1] == y and sum(found[-1][::2]) == x:
            found[-1] = (found[-1][0], y, found[-1][2] + 1)
        else:
            found.append((x, y, 1))
    return found


def middle(places: list[Tile]) -> Tile:
    """The tile nearest to the medians: where its name stands."""
    x, y = (
        sorted(p[0] for p in places)[len(places) // 2],
        sorted(p[1] for p in places)[len(places) // 2],
    )
    return min(places, key=lambda p: ((p[0] - x) ** 2 + (p[1] - y) ** 2, p))


def chip(cells: Mapping[str, Placed], layers: Mapping[str, Key], grid: Tile | None) -> Drawn:
    """Tiles merged into runs, one path a layer; block RAMs as frames; numbers name the layers."""
    every = [tile for placed in cells.values() for part in (placed.logic, placed.blocks)
             for tile in part]  # fmt: skip
    wide, tall = grid or (max(x for x, _ in every) + 1, max(y for _, y in every) + 1)
    die = tag("rect", x=0, y=0, width=wide, height=tall, class_="die")
    logic, blocks, names = [], [], []
    for name, places in tiles(cells).items():
        key = layers.get(name)
        colour, number_ = (key.colour, key.number) if key else ("link", 0)
        title = tag("title", f"{number_} {name}" if key else LINK)
        path = "".join(
            f"M{x} {number(y + 0.5)}h{number(count - GAP)}" for x, y, count in runs(places)
        )
        if path:
            drawn = tag("path", title, d=path, stroke_width=1 - GAP)
            logic.append(tag("g", drawn, class_=colour, data_l=number_))
        corners = sorted(cells[name].blocks)
        squares = [tag("rect", x=x, y=y, width=1 - GAP, height=1 - GAP) for x, y in corners]
        if squares:
            blocks.append(tag("g", title, *squares, class_=colour, data_l=number_))
        where = places or corners
        if where and key:
            x, y = middle(where)
            names.append(tag("text", str(number_), x=x + 0.5, y=y + 0.5, class_="place",
                             data_l=number_))  # fmt: skip
    label = "the chip, each tile in the colour of its layer"
    size = wide / NAMES  # which the numbers inherit
    return svg(wide, tall, die, *logic, *blocks, *names, label=label, class_="chip", font_size=size)
