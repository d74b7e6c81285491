"""Where a memory of a design goes, and what it takes there: block RAM, distributed RAM, logic.

Block counts are those of Yosys, which cuts a memory into layers of one of the block's depths, side
by side in columns of the width that goes with it, whichever takes the fewest blocks; for ECP5 they
were measured. Which memories go to blocks at all is decided as for ECP5 in every family, and so is
how a ROM is cut: the design is the same everywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from fq_hw.errors import require
from fq_hw.family import family_named

__all__ = [
    "Memory",
    "Slice",
    "block_muxed",
    "blocks",
    "ceil_div",
    "distinct",
    "distributed",
    "fewest_pieces",
    "in_block_ram",
    "logic_rom",
    "ram_in_blocks",
    "rom_layers",
    "slices",
    "taken",
]

DESIGNED = "ecp5"  # the family whose blocks decide where a memory goes
BLOCK_COST, CELL_COST = 128, 4  # by which Yosys compares a block with cells of 16 x 4 bits
CHOICE_COST = 0.5  # a bit of a multiplexer or demultiplexer
CELL_LUTS = 6  # four for the bits of a distributed RAM cell, two for its write port


@dataclass(frozen=True)
class Memory:
    """A memory in blocks: one read port, and one write port if it is no ROM.

    single_port  reads or writes one word per cycle; a ROM that is one may be filled after a reset,
                 a RAM that is one and finds no SPRAM is made of ``slices``
    part         bits that have a write enable of their own, 0 where words are written whole
    """

    depth: int
    width: int
    rom: bool
    single_port: bool = False
    part: int = 0

    def __post_init__(self) -> None:
        where, fits = "Memory", self.depth >= 1 and self.width >= 1
        require(fits, where, "needs words and bits", (self.depth, self.width))


@dataclass(frozen=True)
class Slice:
    """Some of a word's bits, in so many layers of ``rows`` words each."""

    bits: int
    rows: int
    layers: int


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


def in_block_ram(depth: int, width: int) -> bool:
    """Whether a memory goes to block RAM: when it is deep and fills a ninth of a block."""
    return depth > 16 and depth * width >= 2048


def blocks(depth: int, width: int, *, rom: bool, part: int = 0, family: str = DESIGNED) -> int:
    """Blocks of a memory with one read port, and one write port if it is no ROM."""
    return cut(depth, width, rom, family, part)[0]


def taken(memories: Iterable[Memory]) -> int:
    """Blocks of memories with a port of each kind."""
    return sum(blocks(one.depth, one.width, rom=one.rom, part=one.part) for one in memories)


def rom_layers(depth: int, width: int) -> tuple[int, int]:
    """Words of a layer, and layers, of a ROM in blocks; a single layer may be any depth."""
    _, layers, rows = cut(depth, width, rom=True)
    return (rows, layers) if layers > 1 else (depth, 1)


@functools.cache
def fewest_pieces(depth: int, width: int, most: int) -> int:
    """In how many pieces a ROM in blocks gives its words to take the fewest of these.

    A memory whose words are pieces is as much narrower and deeper; the fewest pieces that will do.
    """
    ways = range(1, min(most, width) + 1)
    return min(ways, key=lambda n: blocks(depth * n, ceil_div(width, n), rom=True))


@functools.cache
def slices(depth: int, width: int) -> tuple[Slice, ...]:
    """A RAM's word cut into slices, of a shape each, as takes the fewest blocks in all.

    Of as many blocks the flattest way. Whoever uses it makes each layer a memory of its own.
    """
    shapes = family_named(DESIGNED, "memories").needs_blocks()[::-1]
    # The best way for each width: blocks, bits that layers join, slices, bits by shape.
    ways: list[tuple[int, int, int, tuple[int, ...]]] = [(0, 0, 0, (0,) * len(shapes))]
    for bits in range(1, width + 1):
        found = []
        for n, shape in enumerate(shapes):
            layers, here = ceil_div(depth, shape.rows), min(shape.lanes, bits)
            count, joined, kinds, cut = ways[bits - here]
            more = (*cut[:n], cut[n] + here, *cut[n + 1 :])
            kinds += not cut[n]
            found.append((count + layers, joined + (layers - 1) * here, kinds, more))
        ways.append(min(found))
    return tuple(
        Slice(bits, rows=min(depth, shape.rows), layers=ceil_div(depth, shape.rows))
        for bits, shape in [*zip(ways[width][3], shapes, strict=True)][::-1]
        if bits
    )


def block_muxed(depth: int, width: int, *, rom: bool) -> int:
    """Bits that a memory in blocks chooses between: none where one block is deep enough."""
    return width * (cut(depth, width, rom)[1] - 1)


@functools.cache
def cut(
    depth: int, width: int, rom: bool, family: str = DESIGNED, part: int = 0
) -> tuple[int, int, int]:
    """Blocks, layers of words, words of a layer: the fewest blocks, then the flattest way.

    Layers lie side by side as one wide memory; in a RAM each, and each ``part``, takes whole bytes,
    as those have a write enable of their own.
    """
    ways = []
    for shape in family_named(family, "memories").needs_blocks():
        layers, byte = ceil_div(depth, shape.rows), 1 if rom else shape.byte
        size = part or width
        count = ceil_div(layers * ceil_div(width, size) * ceil_div(size, byte), shape.lanes // byte)
        ways.append((count, layers, shape.rows))
    return min(ways)


def cells(depth: int, width: int) -> int:
    """Cells of 16 x 4 bits of a distributed RAM."""
    return ceil_div(depth, 16) * ceil_div(width, 4)


def ram_in_blocks(depth: int, width: int) -> bool:
    """Whether Yosys puts a RAM into blocks that no attribute sends anywhere.

    It compares costs: of the memory's cells, of multiplexers that choose between layers of words,
    and of the write enables of those.
    """
    rows = ceil_div(depth, 16)
    count, layers, _ = cut(depth, width, rom=False)
    spread = cells(depth, width) * CELL_COST + choice(rows, width)
    return spread > count * BLOCK_COST + choice(layers, width)


def choice(layers: int, width: int) -> float:
    """Cost of choosing between layers, for reading and writing."""
    return CHOICE_COST * ((layers - 1) * width + layers)


def distributed(depth: int, width: int) -> int:
    """LUT4 of a distributed RAM: its cells, and multiplexers where it is deeper than a cell."""
    return CELL_LUTS * cells(depth, width)


def distinct(depth: int, width: int) -> float:
    """How many of ``width`` random columns of ``depth`` bits differ, complements taken as equal."""
    if depth > 12:
        return width
    kinds = 2.0 ** (depth - 1)
    return kinds * (1 - (1 - 1 / kinds) ** width)


def logic_rom(depth: int, width: int) -> dict[str, float]:
    """Cells of 16 bits of a ROM in logic, in three classes of depth that cost differently.

    Random contents: a LUT4 for each column that differs from the others; up to 64 words a few words
    beyond a power of two cost as much as its double, more words make trees of multiplexers.
    """
    cells = dict.fromkeys(("logic", "deeper logic", "deepest logic"), 0.0)
    if depth == 1:
        return cells
    if depth <= 16:
        cells["logic"] = distinct(depth, width)
    elif depth <= 64:
        whole = 1 << (depth.bit_length() - 1)
        cells["deeper logic"] = width * whole / 16 * (1 + min((depth - whole) / 4, 1))
    else:
        cells["deepest logic"] = width * depth / 16
    return cells
