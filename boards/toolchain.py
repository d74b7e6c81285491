"""What the tools of an FPGA family are called and say, as data: one record a family."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from boards import netlist

__all__ = ["NAME", "TOOLCHAINS", "Placer", "Toolchain"]


class Placer(enum.Enum):
    """What nextpnr's placer goes for: the clock, or short wires where a design does not route."""

    TIMING = "timing"
    WIRES = "wires"


NAME = "top"  # of the design, and of every file made from it
WORDS = {"lut4": "LUT4", "ff": "flip-flops", "ebr": "EBR", "spram": "SPRAM",
         "multipliers": "multipliers"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """From a netlist to a bitstream in one FPGA family.

    router, packer  tools that ``fq_hw.toolbox`` finds
    pins            the file with the places of the pins and the clock's frequency
    config          what the router writes and the packer reads
    bitstream       suffix of the bitstream
    pack            the packer's arguments
    clock           finds the constraint of the board's clock; group 1 stays
    clock_unit      the constraint's unit in Hz
    cells           what BuildResult counts, and nextpnr's name of such a cell
    flip_flops      finds numbers of flip-flops in nextpnr's log, where no cell stands for one
    before, after   what Yosys does before and after its synthesis for the family
    finish          what the netlist's file needs before it is routed
    place           options of the router's placer where it goes for the clock
    """

    router: str
    packer: str
    pins: str
    config: str
    bitstream: str
    pack: tuple[str, ...]
    clock: str
    clock_unit: int
    cells: Mapping[str, str]
    flip_flops: str | None = None
    before: str = ""
    after: str = ""
    finish: Callable[[Path], None] = lambda netlist: None
    place: tuple[str, ...] = ()

    def place_for(self, placer: Placer) -> tuple[str, ...]:
        """The router's options for ``placer``."""
        return self.place if placer is Placer.TIMING else ("--placer", "static")

    def constrain(self, pins: str, mhz: float) -> str:
        """The text of the pins file, the board's clock constrained to ``mhz``."""
        text, clocks = re.subn(self.clock, rf"\g<1>{mhz * 1e6 / self.clock_unit:.9g}", pins)
        assert clocks == 1, "Amaranth's constraints name the board's clock once"
        return text

    def count(self, utilization: Mapping[str, Mapping[str, int]], log: str) -> dict[str, int]:
        """What a routed design uses, from nextpnr's report and log."""
        used = {what: utilization.get(kind, {"used": 0})["used"]
                for what, kind in self.cells.items()}  # fmt: skip
        if self.flip_flops:
            used["ff"] = sum(map(int, re.findall(self.flip_flops, log)))
        return used

    def overuse(self, log: str) -> list[str]:
        """What nextpnr's utilisation table shows to be missing: ``needs 9 EBR of 8``."""
        words = {kind: WORDS[what] for what, kind in self.cells.items()}
        rows = re.findall(r"(?m)^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log)
        used = [(words.get(kind, kind), int(need), int(have)) for kind, need, have in rows]
        return [f"needs {need} {kind} of {have}" for kind, need, have in used if need > have]


TOOLCHAINS = {
    "ecp5": Toolchain(
        router="nextpnr-ecp5",
        packer="ecppack",
        pins=f"{NAME}.lpf",
        config=f"{NAME}.config",
        bitstream=".bit",
        pack=("--input", f"{NAME}.config", "--bit", f"{NAME}.bit", "--compress"),
        clock=r'(?m)^(FREQUENCY PORT "[^"]+" )[\d.]+(?= HZ;)',
        clock_unit=1,
        cells={"lut4": "TRELLIS_COMB", "ff": "TRELLIS_FF", "ebr": "DP16KD",
               "multipliers": "MULT18X18D"},
        before=netlist.BEFORE,
        after=netlist.AFTER,
        finish=netlist.finish,
        # By default wires that decide the clock count too little: a layer of 2,048 MAC per cycle
        # has 169 MHz this way, 146 MHz with the placer "static", and spreads over the chip without.
        place=("--placer-heap-timingweight", "30", "--placer-heap-critexp", "4"),
    ),
    "ice40": Toolchain(
        router="nextpnr-ice40",
        packer="icepack",
        pins=f"{NAME}.pcf",
        config=f"{NAME}.asc",
        bitstream=".bin",
        pack=(f"{NAME}.asc", f"{NAME}.bin"),
        clock=r"(?m)^(set_frequency \S+ )[\d.]+(?=$)",
        clock_unit=1_000_000,
        cells={"lut4": "ICESTORM_LC", "ebr": "ICESTORM_RAM", "spram": "ICESTORM_SPRAM",
               "multipliers": "ICESTORM_DSP"},
        flip_flops=r"(\d+) LCs used as (?:LUT4 and )?DFF",
        before=netlist.NO_COLLISIONS,
    ),
}  # fmt: skip
