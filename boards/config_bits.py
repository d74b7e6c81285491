"""Bits of an ECP5's configuration beside the routed netlist: tables of LUTs, words of block RAM.

The router may give a LUT's inputs to other pins of it, and permutes its table accordingly; by which
pins the wires come is told with each net's route. A mistake of router, packer or netlist in any of
these bits is seen; the switches of the wires between are not read back.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["BitsCheck", "compare_bits"]

PINS = "ABCD"
WORDS, HALF = 1024, 9  # of a block RAM; bits of half a word, which has a place of its own
ERASED = 0xFFFF  # a table that the packer's text leaves out
SITE = re.compile(r"X(\d+)/Y(\d+)/SLICE([A-D])\.K([01])")
PIN = re.compile(r"X(\d+)/Y(\d+)/([A-D])([0-7])_SLICE")
SWITCH = re.compile(r"_([A-D])[0-7]->.*_SLICE$")
TILE = re.compile(r"\.tile R(\d+)C(\d+):PLC2")
TABLE = re.compile(r"word: SLICE([A-D])\.K([01])\.INIT ([01]{16})")
Place = tuple[int, int, int]  # column, row, LUT 0..7


@dataclass(frozen=True, kw_only=True)
class BitsCheck:
    """How many bits were compared, of those that the inputs can reach; how many of them differ."""

    lut_bits: int
    lut_wrong: int
    ram_bits: int
    ram_wrong: int


def compare_bits(config: str, design: Mapping) -> BitsCheck:
    """The text ``config`` of a bitstream beside nextpnr's routed netlist ``design``."""
    top = design["modules"]["top"]
    tables, rams = read_config(config)
    pins = pins_of(top["netnames"])
    luts = [cell for cell in top["cells"].values() if cell["type"] == "TRELLIS_COMB"]
    blocks = [cell for cell in top["cells"].values() if cell["type"] == "DP16KD"]
    lut_bits = lut_wrong = ram_wrong = 0
    for cell in luts:
        place = place_of(cell)
        entries = [*tables_of(cell, pins.get(place, {}), tables.get(place, ERASED))]
        lut_bits += len(entries)
        lut_wrong += sum(found != want for found, want in entries)
    for cell in blocks:
        number = int(cell["attributes"]["WID"], 2)
        found, want = rams.get(number, []), list(halves_of(cell))
        found += [0] * (len(want) - len(found))
        ram_wrong += sum((a ^ b).bit_count() for a, b in zip(found, want, strict=True))
    return BitsCheck(
        lut_bits=lut_bits,
        lut_wrong=lut_wrong,
        ram_bits=2 * WORDS * HALF * len(blocks),
        ram_wrong=ram_wrong,
    )


def read_config(config: str) -> tuple[dict[Place, int], dict[int, list[int]]]:
    """Tables by the LUTs' places, and words of 9 bits by the block RAMs' numbers."""
    tables: dict[Place, int] = {}
    rams: dict[int, list[int]] = {}
    tile: tuple[int, int] | None = None
    words: list[int] | None = None
    for line in config.splitlines():
        if line.startswith("."):
            head = TILE.match(line)
            tile = (int(head[2]), int(head[1])) if head else None
            kind, _, number = line.partition(" ")
            words = rams.setdefault(int(number), []) if kind == ".bram_init" else None
        elif words is not None:
            words += [int(word, 16) for word in line.split()]
        elif tile and (found := TABLE.match(line)):
            tables[*tile, lut(found[1], found[2])] = int(found[3], 2)
    return tables, rams


def pins_of(nets: Mapping) -> dict[Place, dict[str, str]]:
    """Of each LUT, by which of its pins the wire of each of its inputs comes."""
    pins: dict[Place, dict[str, str]] = defaultdict(dict)
    for net in nets.values():
        route = net["attributes"].get("ROUTING", "").split(";")
        for wire, switch in zip(route[::3], route[1::3], strict=False):
            if end := PIN.fullmatch(wire):
                came = SWITCH.search(switch)
                place = (int(end[1]), int(end[2]), int(end[4]))
                pins[place][end[3]] = came[1] if came else end[3]
    return pins


def place_of(cell: Mapping) -> Place:
    """Where a LUT lies."""
    found = SITE.fullmatch(cell["attributes"]["NEXTPNR_BEL"])
    assert found, f"not a LUT's place: {cell['attributes']['NEXTPNR_BEL']}"
    return int(found[1]), int(found[2]), lut(found[3], found[4])


def lut(letter: str, half: str) -> int:
    """The number in its tile."""
    return 2 * PINS.index(letter) + int(half)


def tables_of(cell: Mapping, pins: Mapping[str, str], device: int) -> Iterator[tuple[int, int]]:
    """What the device's table gives and what the netlist's, for all that its inputs can be.

    What is open is 1 at either. In a carry chain, the entries for C = D = 0 are a second table.
    """
    init = int(cell["parameters"]["INITVAL"], 2)
    inputs = [pin for pin in PINS if cell["connections"].get(pin)]
    for few in ("", "CD") if cell["parameters"].get("MODE") == "CCU2" else ("",):
        free = [pin for pin in inputs if pin not in few]
        for levels in itertools.product((0, 1), repeat=len(free)):
            ours = dict.fromkeys(PINS, 1) | dict.fromkeys(few, 0)
            theirs = dict(ours)
            for pin, level in zip(free, levels, strict=True):
                ours[pin] = theirs[pins.get(pin, pin)] = level
            yield device >> index(theirs) & 1, init >> index(ours) & 1


def index(levels: Mapping[str, int]) -> int:
    """The entry of a table."""
    return sum(levels[pin] << n for n, pin in enumerate(PINS))


def halves_of(cell: Mapping) -> Iterator[int]:
    """The words of a block RAM in halves, the lower first."""
    for row in range(WORDS // 16):
        init = int(str(cell["parameters"].get(f"INITVAL_{row:02X}", "0")).replace("x", "0"), 2)
        for word in range(16):
            yield init >> 20 * word & 0x1FF
            yield init >> 20 * word + HALF & 0x1FF
