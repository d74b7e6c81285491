"""What we know of a board, as data; nothing here imports a platform until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from fq_hw.errors import require

__all__ = ["Board", "Capacity"]


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the device has: 4-input LUTs, flip-flops, embedded block RAMs (18 kbit on ECP5)."""

    lut: int
    ff: int
    ebr: int

    def __post_init__(self) -> None:
        for name, count in vars(self).items():
            require(count > 0, "Capacity", f"{name} must be positive", count)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board: its device, its clock, its platform class, and the evidence behind them.

    platform  "module:Class" of the Amaranth platform
    source    where the capacity comes from
    tested    how far it was tried, stated honestly
    """

    name: str
    family: str
    clock_mhz: float
    platform: str
    capacity: Capacity
    source: str
    tested: str

    def __post_init__(self) -> None:
        where = f"board {self.name!r}"
        require(self.clock_mhz > 0, where, "clock_mhz must be positive", self.clock_mhz)
        fits = self.platform.count(":") == 1
        require(fits, where, "platform must read 'module:Class'", self.platform)

    def new_platform(self) -> object:
        """A fresh platform object; Amaranth uses each for one build."""
        module, _, name = self.platform.partition(":")
        return getattr(import_module(module), name)()
