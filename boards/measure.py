"""What a component takes on a device and how fast it is there, routed alone.

A result depends on the netlist, the tools and the options alone, so it is kept under a hash of
them: a benchmark that is run again, or was interrupted, routes only what is new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from amaranth.lib import wiring

from boards import netlist
from boards.harness import Harness
from boards.toolchain import TOOLCHAINS, Placer
from fq_hw import toolbox
from fq_hw.errors import ToolError, require
from fq_hw.family import FAMILIES
from fq_hw.files import kept, read_json, write_text
from rtl_gen.emit import to_rtlil

__all__ = ["Measured", "measure"]

FOLDER = Path("build/measure")
DEVICES = {  # nextpnr's options of each device
    "LFE5U-25F": ("--25k", "--package", "CABGA381", "--speed", "6"),
    "LFE5U-85F": ("--85k", "--package", "CABGA756", "--speed", "6"),
}
MOST_REPORT = 2**30  # bytes of nextpnr's report
ECP5 = FAMILIES["ecp5"]  # whose devices these are
TOOLS = TOOLCHAINS[ECP5.name]
SCRIPT = f"""read_rtlil top.il
{TOOLS.before}{ECP5.synthesis} -top top
{TOOLS.after}write_json top.json
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Cells that the component takes, and what became of it as far as it went, else None.

    fmax_mhz  routed
    wirelen   placed: the sum of all nets' half perimeters, in tiles
    """

    lut4: int
    ff: int
    ebr: int
    multipliers: int
    fmax_mhz: float | None
    wirelen: int | None = None


def measure(
    part: wiring.Component,
    device: str = "LFE5U-25F",
    *,
    route: bool = True,
    place: bool = False,
    mhz: float = 300.0,
    seed: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Synthesise ``part`` in a harness, pack it, and ``route`` it aiming for ``mhz``.

    Without ``route`` that is all, or it is only ``place``d, for short wires.
    The harness's flip-flops are left out of ``ff``.
    ToolError when a tool is missing or fails, as it does when the part does not fit the device.
    """
    yosys, nextpnr = toolbox.find("yosys"), toolbox.find(TOOLS.router)
    harness = Harness(part)
    text = to_rtlil(harness, "top")
    options = [*DEVICES[device], "--json", "top.json", "--report", "report.json"]
    options += ["--freq", f"{mhz:g}", "--seed", str(seed), "--timing-allow-fail"]
    short = [*TOOLS.place_for(Placer.WIRES), "--no-route"]
    options += TOOLS.place if route else short if place else ["--pack-only"]
    versions = yosys.version, nextpnr.version
    edits = Path(netlist.__file__).read_text()
    recipe = (text, SCRIPT, edits, options, versions)

    def make(work: Path) -> None:
        write_text(work / "top.il", text)
        write_text(work / "top.ys", SCRIPT)
        report("synthesising")
        toolbox.run(yosys, ["-q", "-l", "yosys.rpt", "top.ys"], cwd=work, log=work / "yosys.log")
        TOOLS.finish(work / "top.json")
        report("placing and routing" if route else "placing" if place else "packing")
        toolbox.run(nextpnr, options, cwd=work, log=work / "nextpnr.log")
        found = read(work, route, harness.bits)
        write_text(work / "measured.json", json.dumps(asdict(found)))
        (work / "top.json").unlink()

    path = kept(FOLDER, recipe, make) / "measured.json"
    return Measured(**read_json(path, f"{path}", hint=f"delete {path.parent} and try again"))


def read(work: Path, routed: bool, harness_ff: int) -> Measured:
    """nextpnr's figures: cells and length of wire from its log, the clock from its report."""
    log = (work / "nextpnr.log").read_text()
    used = {kind: int(n) for kind, n in re.findall(r"(?m)^Info:\s+(\w+):\s+(\d+)/", log)}
    contract = "nextpnr ended well, but its log has no table of cells"
    require(used, f"{work / 'nextpnr.log'}", contract, kind=ToolError)
    count = {name: used.get(kind, 0) for name, kind in TOOLS.cells.items()}
    count["ff"] -= harness_ff
    report = work / "report.json"
    clocks = read_json(report, f"{report}", most=MOST_REPORT)["fmax"] if routed else {}
    fmax = min((clock["achieved"] for clock in clocks.values()), default=None)
    lengths = re.findall(r"wirelen = (\d+)", log)
    return Measured(**count, fmax_mhz=fmax, wirelen=int(lengths[-1]) if lengths else None)
