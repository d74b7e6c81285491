"""Sipeed's Tang boards (Gowin), those that are made as modules each on its dock."""

from boards.board import Board, Capacity
from boards.devices import GW2A_18, GW2A_18_SOURCE

__all__ = [
    "TANG_MEGA_138K",
    "TANG_NANO_9K",
    "TANG_NANO_20K",
    "TANG_PRIMER_20K",
    "TANG_PRIMER_25K",
]

TANG_PRIMER_20K = Board(
    name="tang-primer-20k",
    family="gowin",
    clock_mhz=27.0,
    platform="boards.tang_platform:TangPrimer20K",
    loader=("--board", "tangprimer20k"),
    capacity=GW2A_18,
    source=GW2A_18_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
TANG_NANO_9K = Board(
    name="tang-nano-9k",
    family="gowin",
    clock_mhz=27.0,
    platform="boards.tang_platform:TangNano9K",
    loader=("--board", "tangnano9k"),
    capacity=Capacity(lut=8_640, ff=6_480, ebr=26, multipliers=20),
    source="Gowin DS117, GW1NR series data sheet; nextpnr-himbaechel-gowin's utilisation table",
    tested="built to a bitstream; the bitstream has not run on a board",
)
TANG_NANO_20K = Board(
    name="tang-nano-20k",
    family="gowin",
    clock_mhz=27.0,
    platform="boards.tang_platform:TangNano20K",
    loader=("--board", "tangnano20k"),
    capacity=GW2A_18,
    source=GW2A_18_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
TANG_PRIMER_25K = Board(
    name="tang-primer-25k",
    family="gw5a",
    clock_mhz=50.0,
    platform="boards.tang_platform:TangPrimer25K",
    loader=("--board", "tangprimer25k"),
    capacity=Capacity(lut=23_040, ff=23_040, ebr=56),
    source="Gowin DS1103, GW5A series data sheet; nextpnr-himbaechel-gowin's utilisation table",
    tested="built to a bitstream; the bitstream has not run on a board",
)
TANG_MEGA_138K = Board(
    name="tang-mega-138k",
    family="gw5a",
    clock_mhz=50.0,
    platform="boards.tang_platform:TangMega138K",
    pll=False,  # nextpnr 0.11's GW5AST-138C has none
    loader=("--board", "tangmega138k"),
    capacity=Capacity(lut=138_240, ff=138_240, ebr=340),
    source="Gowin DS1104, GW5AST series data sheet; nextpnr-himbaechel-gowin's utilisation table",
    tested="built to a bitstream; the bitstream has not run on a board",
)
