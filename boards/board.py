"""What we know of a board, as data; nothing here imports a platform until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from boards.ethernet.phy import PhyPins
from boards.toolchain import TOOLCHAINS, Toolchain
from fq_hw.errors import one_of, require
from fq_hw.family import FAMILIES
from fq_hw.schedule.sdram import SdramChip

__all__ = ["Board", "Capacity"]


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the device has.

    lut, ff  4-input LUTs and flip-flops; on iCE40 one of each makes a logic cell
    ebr      embedded block RAMs: of 18 kbit on ECP5, of 4 kbit on iCE40
    spram    single-port RAMs of 256 kbit, without initial contents
    multipliers  of 18 x 18 bits; none where synthesis is not told to use them
    grid     columns and rows of its tiles, as nextpnr counts them
    ebr_sites  where they are known, of each block RAM: column, row, number in nextpnr's name of it
    """

    lut: int
    ff: int
    ebr: int
    spram: int = 0
    multipliers: int = 0
    grid: tuple[int, int] | None = None
    ebr_sites: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("lut", "ff", "ebr"):
            count = getattr(self, name)
            require(count > 0, "Capacity", f"{name} must be positive", count)
        for name in ("spram", "multipliers"):
            count = getattr(self, name)
            require(count >= 0, "Capacity", f"{name} must not be negative", count)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board: its device, its clock, its platform class, and the evidence behind them.

    family    the device's, a key of ``toolchain.TOOLCHAINS``
    platform  "module:Class" of the Amaranth platform
    uart      (connector, rx, tx) where the platform itself has no ``uart``
    spi       (connector, sck, cs, copi, cipo), the pins where a host may be its SPI master
    usb       whether the platform's ``usb`` has d_p, d_n and pullup on plain pins
    loader    words of openFPGALoader that name the board, or the cable of its own
    pll       whether router and packer know the device's PLL
    sdram     the chip behind the platform's ``sdram``, where it has one
    ethernet  its gigabit PHY, where it has one
    source    where the capacity comes from
    tested    how far it was tried, stated honestly
    """

    name: str
    family: str
    clock_mhz: float
    platform: str
    capacity: Capacity
    loader: tuple[str, ...]
    uart: tuple[str, str, str] | None = None
    spi: tuple[str, str, str, str, str] | None = None
    usb: bool = False
    pll: bool = True
    sdram: SdramChip | None = None
    ethernet: PhyPins | None = None
    source: str
    tested: str

    def __post_init__(self) -> None:
        where = f"board {self.name!r}"
        contract = f"family must be one of {', '.join(sorted(TOOLCHAINS))}"
        one_of(self.family, TOOLCHAINS, where, contract)
        require(self.clock_mhz > 0, where, "clock_mhz must be positive", self.clock_mhz)
        fits = self.platform.count(":") == 1
        require(fits, where, "platform must be written 'module:Class'", self.platform)

    @property
    def toolchain(self) -> Toolchain:
        """What makes its bitstreams."""
        return TOOLCHAINS[self.family]

    def new_platform(self) -> object:
        """A fresh platform object; Amaranth uses each for one build."""
        module, _, name = self.platform.partition(":")
        platform = getattr(import_module(module), name)()
        if self.uart:
            from amaranth.build import Attrs
            from amaranth_boards.resources import UARTResource

            connector, rx, tx = self.uart
            pins = {"rx": rx, "tx": tx, "conn": (connector, 0)}
            platform.add_resources([UARTResource(0, **pins, attrs=Attrs(IO_TYPE="LVCMOS33"))])
        if self.spi:
            from amaranth.build import Attrs
            from amaranth_boards.resources import SPIResource

            connector, sck, cs, copi, cipo = self.spi
            pins = {"clk": sck, "cs_n": cs, "copi": copi, "cipo": cipo, "conn": (connector, 0)}
            attrs = Attrs(**FAMILIES[self.family].pulled_up)  # without a host, none is selected
            platform.add_resources([SPIResource(0, **pins, attrs=attrs, role="peripheral")])
        return platform
