"""What a design takes on Xilinx's 7 series, by synthesis alone: to stand beside published figures.

Nothing is placed, routed or built for it; there is no board of this family here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring

from boards import netlist
from fq_hw import toolbox
from fq_hw.family import FAMILIES
from fq_hw.files import read_json, work_folder, write_text
from rtl_gen.emit import to_rtlil

__all__ = ["Cells", "count", "synthesise"]

XC7 = FAMILIES["xc7"]
SCRIPT = f"""read_rtlil top.il
hierarchy -top top
{netlist.NO_COLLISIONS}{XC7.synthesis} -top top -flatten
tee -q -o stat.json stat -json
"""
LUT_RAM = {"RAM32X1S": 1, "RAM32X1D": 2, "RAM64X1S": 1, "RAM64X1D": 2, "RAM128X1S": 2,
           "RAM128X1D": 4, "RAM32M": 4, "RAM64M": 4, "RAM256X1S": 4}  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """LUT6 (as logic, memory and shift registers), flip-flops, BRAM36 (two BRAM18), DSP."""

    lut6: int
    ff: int
    bram36: float
    dsp: int


def count(cells: dict[str, int]) -> Cells:
    """Sites from Yosys's cells: every LUT takes one, whatever its inputs."""

    def total(pattern: str) -> int:
        return sum(n for kind, n in cells.items() if re.fullmatch(pattern, kind))

    memory = sum(LUT_RAM.get(kind, 0) * n for kind, n in cells.items())
    return Cells(
        lut6=total(r"LUT[1-6]|INV|SRL16E|SRLC32E") + memory,
        ff=total(r"FD[RSCP]E(_1)?"),
        bram36=total(r"RAMB36E1") + total(r"RAMB18E1") / 2,
        dsp=total(r"DSP48E1"),
    )


def synthesise(
    part: wiring.Component, folder: Path, report: Callable[[str], None] = lambda line: None
) -> Cells:
    """The cells of ``part``; ``folder`` keeps Yosys's files. ToolError when a tool fails."""
    yosys = toolbox.find("yosys")
    with work_folder(folder, "xc7"):
        report("generating")
        write_text(folder / "top.il", to_rtlil(part, "top"))
        write_text(folder / "top.ys", SCRIPT)
        report(f"synthesising for {XC7.name} with Yosys {yosys.version}")
        log = folder / "yosys.log"
        toolbox.run(yosys, ["-q", "-l", "yosys.rpt", "top.ys"], cwd=folder, log=log)
        stat = folder / "stat.json"
        found = read_json(stat, f"{stat}", hint="`fq-hw doctor` says which Yosys is used")
    return count(found["design"]["num_cells_by_type"])
