"""Layers as pictures show them: their numbers and colours, and the cells that belong to each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.report.records import DesignRecord, PlacementRecord

__all__ = ["COLOURS", "LINK", "Key", "Placed", "keys", "placed_cells", "unit_cells", "unit_of"]

COLOURS = 16  # of the style sheet; then they come again
LINK = "board's link"  # all cells that no unit of the network owns
INSIDE = ("shell", "core")  # where the network lies in a design for a board


@dataclass(frozen=True, kw_only=True)
class Key:
    """A layer in a legend: ``colour`` is its class in the style sheet."""

    name: str
    number: int
    colour: str


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Cells of one layer: how many of each kind that is counted, and how many in which tile."""

    counts: Mapping[str, int]
    logic: Mapping[tuple[int, int], int]
    blocks: Mapping[tuple[int, int], int]


def keys(design: DesignRecord) -> dict[str, Key]:
    """The layers in the order of the data, numbered from 1."""
    return {
        row.name: Key(name=row.name, number=n, colour=f"c{(n - 1) % COLOURS}")
        for n, row in enumerate(design.layers, 1)
    }


def owner_of(scope: str, owners: Mapping[str, str]) -> str:
    """Who owns a part of a routed design; on some boards a loader lies around the network.

    ``owners``: by a unit's name in the Verilog. All else is the board's link.
    """
    parts = scope.split(".")
    if tuple(parts[:2]) != INSIDE:
        return LINK
    inside = parts[2:]
    if inside[:1] == ["core"] and "core" not in owners:
        inside = inside[1:]
    return owners.get(inside[0], LINK) if inside else LINK


def unit_of(scope: str, design: DesignRecord) -> str:
    """The unit that a part of a routed design lies in, or the board's link."""
    return owner_of(scope, {unit.word: unit.name for unit in design.units})


def unit_cells(design: DesignRecord, placement: PlacementRecord) -> dict[str, Counter]:
    """By unit, how many cells of each kind that is counted lie on the chip."""
    names = {kind: what for what, kind in placement.counted.items()}
    owners = {unit.word: unit.name for unit in design.units}
    found = {unit.name: Counter() for unit in design.units} | {LINK: Counter()}
    for scope, kinds in placement.cells.items():
        for kind in kinds.keys() & names.keys():
            found[owner_of(scope, owners)][names[kind]] += sum(n for *_, n in kinds[kind])
    return found


def placed_cells(design: DesignRecord, placement: PlacementRecord) -> dict[str, Placed]:
    """By layer, the board's link last, its cells."""
    names = {kind: what for what, kind in placement.counted.items()}
    counts: dict[str, Counter] = defaultdict(Counter)
    logic: dict[str, Counter] = defaultdict(Counter)
    blocks: dict[str, Counter] = defaultdict(Counter)
    owners = {unit.word: unit.layer for unit in design.units}
    for scope, kinds in placement.cells.items():
        layer = owner_of(scope, owners)
        for kind, tiles in kinds.items():
            what = names.get(kind)
            if what is None:
                continue
            into = logic if what in ("lut4", "ff") else blocks
            for x, y, count in tiles:
                counts[layer][what] += count
                into[layer][x, y] += count
    order = [*(row.name for row in design.layers), LINK]
    return {
        name: Placed(counts=dict(counts[name]), logic=logic[name], blocks=blocks[name])
        for name in order
    }
