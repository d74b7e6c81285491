"""Sipeed Tang Primer 20K on its dock, with the Gowin GW2A-18."""

from boards.board import Board, Capacity

__all__ = ["TANG_PRIMER_20K"]

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
