"""What the tools of an FPGA family are told and say: names are in the family's record."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from boards import netlist
from fq_hw.family import FAMILIES, NAME, Tools

__all__ = ["NAME", "TOOLCHAINS", "Placer", "Toolchain"]


class Placer(enum.Enum):
    """What nextpnr's placer goes for: the clock, or short wires where a design does not route."""

    TIMING = "timing"
    WIRES = "wires"


WORDS = {"lut4": "LUT4", "ff": "flip-flops", "ebr": "EBR", "spram": "SPRAM",
         "multipliers": "multipliers"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Toolchain(Tools):
    """What the tools of a family are told and say.

    before, after  what Yosys does before and after its synthesis for the family
    finish         what the netlist's file needs before it is routed
    """

    before: str = netlist.NO_COLLISIONS
    after: str = ""
    finish: Callable[[Path], None] = lambda netlist: None

    def place_for(self, placer: Placer) -> tuple[str, ...]:
        """The router's options for ``placer``."""
        return self.place if placer is Placer.TIMING else ("--placer", "static")

    def aim_for(self, mhz: float) -> tuple[str, ...]:
        """The router's options for a clock of ``mhz`` where the pins file says nothing of it."""
        return () if self.clock else ("--freq", f"{mhz:.9g}")

    def constrain(self, pins: str, mhz: float) -> str:
        """The text of the pins file, the board's clock constrained to ``mhz`` if it says that."""
        if self.clock is None:
            return pins
        text, clocks = re.subn(self.clock, rf"\g<1>{mhz * 1e6 / self.clock_unit:.9g}", pins)
        assert clocks == 1, "Amaranth's constraints name the board's clock once"
        return text

    def count(self, utilization: Mapping[str, Mapping[str, int]], log: str) -> dict[str, int]:
        """What a routed design uses, from nextpnr's report and log."""

        def cells(kind: str) -> int:
            return utilization.get(kind, {"used": 0})["used"]

        used = {what: cells(kind) for what, kind in self.cells.items()}
        used["lut4"] += sum(cells(kind) * luts for kind, luts in self.lut4.items())
        if self.flip_flops:
            used["ff"] = sum(map(int, re.findall(self.flip_flops, log)))
        return used

    def overuse(self, log: str) -> list[str]:
        """What nextpnr's utilisation table shows to be missing: ``needs 9 EBR of 8``."""
        words = {kind: WORDS[what] for what, kind in self.cells.items()}
        rows = re.findall(r"(?m)^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log)
        used = [(words.get(kind, kind), int(need), int(have)) for kind, need, have in rows]
        return [f"needs {need} {kind} of {have}" for kind, need, have in used if need > have]


EDITS = {  # by the cell of the family's carry chains
    "CCU2C": {**netlist.CCU2C, "finish": netlist.finish},
    "ALU": netlist.ALU,
}
TOOLCHAINS = {
    family.name: Toolchain(**vars(family.tools), **EDITS.get(family.carry.cell, {}))
    for family in FAMILIES.values()
    if family.tools
}
