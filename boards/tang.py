"""Sipeed's Tang Primer 20K on its dock (Gowin GW2A-18), and Tang Nano 9K (GW1NR-9)."""

from boards.board import Board, Capacity

__all__ = ["TANG_NANO_9K", "TANG_PRIMER_20K"]

TANG_PRIMER_20K = Board(
    name="tang-primer-20k",
    family="gowin",
    clock_mhz=27.0,
    platform="boards.tang_platform:TangPrimer20K",
    loader=("--board", "tangprimer20k"),
    capacity=Capacity(lut=20_736, ff=15_552, ebr=46, multipliers=48, grid=(56, 55)),
    source="Gowin DS102, GW2A series data sheet; nextpnr-himbaechel-gowin's utilisation table",
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
