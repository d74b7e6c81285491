"""LambdaConcept ECPIX-5 with the LFE5UM5G-45F or -85F."""

from boards.board import Board
from boards.devices import ECP5_SOURCE, LFE5U_45F, LFE5U_85F
from boards.ethernet.phy import PhyPins

__all__ = ["ECPIX5_45F", "ECPIX5_85F"]

SPI = ("pmod", "4", "1", "2", "3")  # Pmod 0, as Digilent's type 2

PHY = PhyPins(
    rx_delay_ns=0, tx_delay_ns=2, source="litex-boards, whose designs have run on the board"
)

ECPIX5_45F = Board(
    name="ecpix5-45f",
    family="ecp5",
    clock_mhz=100.0,
    platform="amaranth_boards.ecpix5:ECPIX545Platform",
    loader=("--board", "ecpix5"),
    capacity=LFE5U_45F,
    spi=SPI,
    ethernet=PHY,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
ECPIX5_85F = Board(
    name="ecpix5-85f",
    family="ecp5",
    clock_mhz=100.0,
    platform="amaranth_boards.ecpix5:ECPIX585Platform",
    loader=("--board", "ecpix5"),
    capacity=LFE5U_85F,
    spi=SPI,
    ethernet=PHY,
    source=ECP5_SOURCE,
    tested="built to a bitstream; the bitstream has not run on a board",
)
