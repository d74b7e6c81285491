"""A design for a family that no open tools route: Verilog, constraints to fill in, Yosys's counts.

Nothing is placed or routed here: at which clock it runs, the vendor's tools say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from boards import netlist
from boards.protocol import Info
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw import toolbox
from fq_hw.errors import require
from fq_hw.family import NAME, Family
from fq_hw.files import read_json, work_folder, write_text
from rtl_gen.emit import to_rtlil, verilog_of

__all__ = ["PackageTop", "counted", "synthesise", "write"]

READ_ME = """{title}, for the {family}, with {tool}

{name}.v        the network behind a UART: clk, rst (1 resets), rx, tx; {clock:g} MHz, {baud:,} baud
{files}  constraints to fill in

The host's side is `fq-hw run --port DEVICE --baud {baud}`.
By Yosys's synthesis, not placed and not routed: {cells}.
Nothing here has been run through {tool}, or on a board.
"""


class PackageTop(wiring.Component):
    """``core`` behind a UART, with a reset that may come at any time.

    Members  clk: In(1), the clock; rst: In(1), asynchronous, 1 resets; rx: In(1); tx: Out(1)
    """

    def __init__(self, core: wiring.Component, info: Info, clock_hz: float, baud: int):
        self.shell = Shell(core, info=info, link=SerialLink(clock_hz=clock_hz, baud=baud))
        pins = {"clk": In(1), "rst": In(1), "rx": In(1, init=1), "tx": Out(1, init=1)}
        super().__init__(wiring.Signature(pins))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.d.comb += ClockSignal("sync").eq(self.clk)
        m.submodules.reset = FFSynchronizer(self.rst, ResetSignal("sync"), reset_less=True)
        m.submodules.shell = self.shell
        m.d.comb += [self.shell.rx.eq(self.rx), self.tx.eq(self.shell.tx)]
        return m


def counted(family: Family, cells: Mapping[str, int]) -> dict[str, float]:
    """What of a device of ``family`` Yosys's ``cells`` take, whole numbers as such."""
    assert family.vendor is not None, family.name
    found = {}
    for name, patterns in family.vendor.cells.items():
        total = sum(
            each * count
            for pattern, each in patterns.items()
            for cell, count in cells.items()
            if re.fullmatch(pattern, cell)
        )
        found[name] = int(total) if total == int(total) else round(total, 2)
    return found


def synthesise(
    design: str, family: Family, folder: Path, report: Callable[[str], None] = lambda _: None
) -> dict[str, float]:
    """The cells of RTLIL whose top is NAME, as ``counted``; ``folder`` keeps Yosys's files.

    Raises ToolError where Yosys is missing or fails.
    """
    yosys = toolbox.find("yosys")
    with work_folder(folder, family.name):
        write_text(folder / "top.il", design)
        script = f"read_rtlil top.il\nhierarchy -top {NAME}\n{netlist.NO_COLLISIONS}"
        script += f"{family.synthesis} -top {NAME}\ntee -q -o stat.json stat -json\n"
        write_text(folder / "top.ys", script)
        report(f"synthesising for {family.name} with Yosys {yosys.version}")
        log = folder / "yosys.log"
        toolbox.run(yosys, ["-q", "-l", "yosys.rpt", "top.ys"], cwd=folder, log=log)
        stat = folder / "stat.json"
        found = read_json(stat, f"{stat}", hint="`fq-hw doctor` says which Yosys is used")
    return counted(family, found["design"]["num_cells_by_type"])


def write(
    top: PackageTop,
    title: str,
    family: Family,
    *,
    clock_mhz: float,
    baud: int,
    folder: Path,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Leave the package of ``top`` in ``folder``; what it takes.

    Raises ParameterError for a family without a vendor's tools, ArtifactError for a folder that
    holds something else.
    """
    vendor = family.vendor
    require(vendor is not None, "--family", f"{family.name} is built by `fq-hw build`")
    with work_folder(folder, "package"):
        report("generating")
        design = to_rtlil(top, NAME, f"{NAME}.")
        cells = synthesise(design, family, folder / "synthesis", report)
        write_text(folder / f"{NAME}.v", verilog_of(design))
        period_ns = 1000 / clock_mhz
        for name, template in vendor.files.items():
            text = template.format(title=title, name=NAME, period_ns=period_ns)
            write_text(folder / name, text)
        takes = ", ".join(f"{count:,} {name}" for name, count in cells.items())
        text = READ_ME.format(
            title=title, family=family.title, tool=vendor.tool, name=NAME, clock=clock_mhz,
            baud=baud, files=", ".join(vendor.files), cells=takes,
        )  # fmt: skip
        write_text(folder / "README.txt", text)
    return cells
