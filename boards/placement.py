"""Where the cells of a routed design lie, and to which part of the design each belongs.

A cell is called after a net: ``shell.core.conv.acc_TRELLIS_FF_Q`` drives or feeds
``shell.core.conv.acc``. Nets between two parts have names of neither; the netlist before synthesis
says who drives them. Cells at the ends of carry chains have no names: they belong to their chain.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fq_hw.errors import ToolError, require
from fq_hw.files import open_file, parse_json
from fq_hw.report.records import Cells, PlacementRecord, SlowestPath

__all__ = ["by_scope", "drivers", "placed", "placement", "slowest"]

MOST_BYTES = 4 * 2**30
PLACE = re.compile(r"X(\d+)/?Y(\d+)/")
SYNTHESISED = re.compile(r"_(?:TRELLIS_|LUT4|CCU2C|PFUMX|L6MUX21|DP16KD|PDPW16KD|MULT18|SB_)")
OUTPUT = re.compile(r"  wire .*\boutput \d+ +(\\\S+)$")
INSTANCE = re.compile(r"  cell (\\\S+) \\(\S+)$")
BEGINS = re.compile(r'        "(.+)": \{$')  # the lines of nextpnr's JSON, by their depth
FIELD = re.compile(r' +"(type|NEXTPNR_BEL)": "(.+)",?$')
CHAIN = re.compile(r' +"(?:FCI|FCO|CIN|COUT)": \[ (\d+) \]')  # ports along a carry chain
ENDS, NETS = "        }", '      "netnames"'
CONNECT = re.compile(r"    connect (\\\S+) \\(\S+)")


class Cell(NamedTuple):
    """A cell with a place: its tile, and the nets at its ends of a carry chain."""

    name: str
    kind: str
    place: tuple[int, int]
    chained: tuple[str, ...]


def placed(written: Path, router: str) -> Cells:
    """By net that a cell is called after, kind and tile, how many: of nextpnr's JSON ``written``.

    It is read line by line, as nextpnr lays it out: all of it may be larger than the memory. Raises
    ToolError where it names no places.
    """
    cells = list(cells_of(written, router))
    contract = "ended well, but what it wrote has no cell with a place"
    require(cells, router, contract, hint="`fq-hw doctor` says which one is used", kind=ToolError)
    nets = nets_of(cells)
    found: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for cell in cells:
        found[nets[cell.name]][cell.kind][cell.place] += 1
    return rows(found)


def cells_of(written: Path, router: str) -> Iterator[Cell]:
    """The cells that have a place."""
    name, found, chained = "", {}, []
    with open_file(written, router, most=MOST_BYTES) as file:
        for raw in file:
            line = raw.decode(errors="replace")
            if begins := BEGINS.match(line):
                name, found, chained = begins[1], {}, []
            elif field := FIELD.match(line):
                found[field[1]] = field[2]
            elif bit := CHAIN.match(line):
                chained.append(bit[1])
            elif line.startswith(ENDS) and (place := PLACE.match(found.get("NEXTPNR_BEL", ""))):
                yield Cell(name, found["type"], (int(place[1]), int(place[2])), tuple(chained))
            elif line.startswith(NETS):
                return


def nets_of(cells: Sequence[Cell]) -> dict[str, str]:
    """The net that each cell is called after; a nameless one at a chain's end has its chain's."""
    nets = {cell.name: SYNTHESISED.split(cell.name, maxsplit=1)[0] for cell in cells}
    nameless = [cell for cell in cells if cell.name.startswith("$") and cell.chained]
    known = {
        bit: nets[cell.name]
        for cell in cells
        if not cell.name.startswith("$")
        for bit in cell.chained
    }
    for _ in range(2):  # such an end is two cells at most
        for cell in nameless:
            found = next((known[bit] for bit in cell.chained if bit in known), None)
            if found is not None:
                nets[cell.name] = found
                known.update(dict.fromkeys(cell.chained, found))
    return nets


def rows(found: Mapping[str, Mapping[str, Counter]]) -> Cells:
    """Counters as sorted rows of column, row, how many."""
    return {
        name: {
            kind: tuple((x, y, count) for (x, y), count in sorted(tiles.items()))
            for kind, tiles in sorted(kinds.items())
        }
        for name, kinds in sorted(found.items())
    }


def drivers(rtlil: str, top: str) -> dict[str, str]:
    """Nets that connect parts of the design, and the part that drives each, by full names."""
    outputs, inside = defaultdict(set), defaultdict(list)
    module = kind = cell = ""
    for line in rtlil.splitlines():
        if line.startswith("module "):
            module = line.split()[1]
        elif found := OUTPUT.match(line):
            outputs[module].add(found[1])
        elif found := INSTANCE.match(line):
            kind, cell = found[1], found[2]
        elif found := CONNECT.match(line):
            inside[module].append((kind, cell, found[1], found[2]))
    start = f"\\{top}"
    driven = {}
    for module, connections in inside.items():
        scope = module.removeprefix(start).lstrip(".")
        for kind, cell, port, net in connections:
            if port in outputs[kind]:
                driven[f"{scope}.{net}".lstrip(".")] = f"{scope}.{cell}".lstrip(".")
    return driven


def scope_of(net: str, driven: Mapping[str, str]) -> str:
    """The part of the design that a net belongs to."""
    return driven.get(net, net.rpartition(".")[0])


def by_scope(cells: Cells, driven: Mapping[str, str]) -> Cells:
    """``cells`` of nets as cells of the parts of the design that the nets belong to."""
    found: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for net, kinds in cells.items():
        scope = scope_of(net, driven)
        for kind, tiles in kinds.items():
            for x, y, count in tiles:
                found[scope][kind][x, y] += count
    return rows(found)


def placement(
    cells: bytes, driven: Mapping[str, str], counted: Mapping[str, str]
) -> PlacementRecord:
    """The packed ``cells`` of a routed job, by the parts of the design, as ``drivers`` has them.

    ``counted``: what a build counts, and the router's name of such a cell.
    """
    found = parse_json(zlib.decompress(cells).decode(), "cells")
    return PlacementRecord(counted=dict(counted), cells=by_scope(found, driven))


def slowest(report: Mapping, driven: Mapping[str, str]) -> SlowestPath | None:
    """The longest path between flip-flops of one clock in nextpnr's report; None without such."""
    paths = [
        path["path"]
        for path in report.get("critical_paths", ())
        if path["from"] == path["to"] and path["from"].startswith("posedge")
    ]
    if not paths:
        return None
    times = [
        (sum(step["delay"] for step in path if step["type"] != "routing"),
         sum(step["delay"] for step in path if step["type"] == "routing"))
        for path in paths
    ]  # fmt: skip
    cells, wires = max(times, key=sum)
    path = paths[times.index((cells, wires))]
    begins, ends = (
        scope_of(SYNTHESISED.split(cell["cell"], maxsplit=1)[0], driven)
        for cell in (path[0]["from"], path[-1]["to"])
    )
    return SlowestPath(begins=begins, ends=ends, cells_ns=cells, wires_ns=wires)
