"""From an accelerator core to a bitstream: generate, synthesise, place and route, pack."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io, wiring

from boards.board import Board
from boards.link import IDLE_S
from boards.shell import Shell
from fq_hw import toolbox
from fq_hw.errors import CapacityError, ToolError, require

__all__ = ["BAUD", "BuildResult", "SerialTop", "build", "overuse"]

BAUD = 1_000_000  # 25 clock cycles a bit on the ULX3S; its USB bridge divides 3 MHz
NAME = "top"
STAGES = {  # how a line of nextpnr's output starts, and what to call what it begins
    "Info: Packing constants": "packing",
    "Info: Creating initial": "placing",
    "Info: Running main analytical placer": "placing, analytical",
    "Info: Running simulated annealing": "placing, refinement",
    "Info: Running Refinement": "placing, refinement",
    "Info: Routing globals": "routing clocks",
    "Info: Routing..": "routing",
    "Info: Running router2": "routing",
    "Info: Router1 time": "routed",
    "Info: Router2 time": "routed",
}
CELLS = {"TRELLIS_COMB": "LUT4", "TRELLIS_FF": "flip-flops", "DP16KD": "EBR",
         "MULT18X18D": "multipliers"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A bitstream and what the routed design needs; every number is nextpnr's, ``routed``.

    lut4      LUT4 positions, carry cells and distributed RAM included
    fmax_mhz  the highest clock at which the routed design meets its timing
    work      the folder with the logs, the netlist and nextpnr's report
    """

    bitstream: Path
    board: str
    seed: int
    clock_mhz: float
    fmax_mhz: float
    lut4: int
    ff: int
    ebr: int
    multipliers: int
    seconds: float
    work: Path


class SerialTop(Elaboratable):
    """The design's top: a Shell on the board's ``uart`` resource."""

    def __init__(self, shell: Shell):
        self.shell = shell

    def elaborate(self, platform):
        m = Module()
        m.submodules.shell = self.shell
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [self.shell.rx.eq(rx.i), tx.o.eq(self.shell.tx)]
        return m


def build(
    core: wiring.Component,
    board: Board,
    out: Path,
    *,
    pixels: int,
    colours: int,
    baud: int = BAUD,
    idle_s: float = IDLE_S,
    freq_mhz: float | None = None,
    seed: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> BuildResult:
    """Put ``core`` behind the serial link of ``board`` and write the bitstream ``out``.

    core, pixels, colours, baud, idle_s   as ``Shell`` wants them
    freq_mhz  what nextpnr aims for, at least (and by default) the board's clock; the clock
              itself stays the board's
    seed      of the placer; same input and seed give the same bitstream
    report    is called with one line at the start and the end of each step

    The work happens in the folder ``<out without .bit>.build`` and stays there; ``out`` changes
    only at the end, all at once. CapacityError when the design does not fit or is too slow for
    the board's clock; ToolError naming the log when a tool is missing or fails.
    """
    require(board.family == "ecp5", "build", "only ecp5 boards can be built so far", board.family)
    require(out.suffix == ".bit", "build", "out must end in .bit", str(out))
    aim = max(freq_mhz or 0.0, board.clock_mhz)
    yosys, nextpnr, ecppack = map(toolbox.find, ("yosys", "nextpnr-ecp5", "ecppack"))
    began = time.monotonic()
    work = out.with_suffix(".build")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)

    with _Step(report, "generate"):
        shell = Shell(core, pixels=pixels, colours=colours, clock_hz=board.clock_mhz * 1e6,
                      baud=baud, idle_s=idle_s)  # fmt: skip
        options = _generate(SerialTop(shell), board, work, aim)
    with _Step(report, f"synthesise with Yosys {yosys.version}"):
        toolbox.run(yosys, ["-q", "-l", f"{NAME}.rpt", f"{NAME}.ys"], cwd=work,
                    log=work / "yosys.log")  # fmt: skip
    with _Step(report, f"place and route with nextpnr-ecp5 {nextpnr.version}") as step:
        log = work / "nextpnr.log"
        args = [*options, "--seed", str(seed), "--report", "report.json", "--timing-allow-fail"]
        try:
            toolbox.run(nextpnr, args, cwd=work, log=log, on_line=step.stage)
        except ToolError:
            _check_capacity(log.read_text(), board)
            raise
    numbers = _read_report(work / "report.json")
    fits = numbers["fmax_mhz"] >= board.clock_mhz
    contract = (
        f"{board.name} runs the design at {board.clock_mhz:g} MHz; try another seed or folding"
    )
    got = f"{numbers['fmax_mhz']:.1f} MHz as routed"
    require(fits, "timing", contract, got, CapacityError)
    with _Step(report, f"pack with ecppack {ecppack.version}"):
        args = ["--input", f"{NAME}.config", "--bit", f"{NAME}.bit", "--compress"]
        toolbox.run(ecppack, args, cwd=work, log=work / "ecppack.log")
    os.replace(work / f"{NAME}.bit", out)
    seconds = time.monotonic() - began
    return BuildResult(bitstream=out, board=board.name, seed=seed, clock_mhz=board.clock_mhz,
                       seconds=seconds, work=work, **numbers)  # fmt: skip


class _Step:
    """A step of the build, told when it begins, goes on, and ends."""

    def __init__(self, report: Callable[[str], None], what: str):
        self._report = report
        self._what = what
        self._stages: set[str] = set()

    def __enter__(self) -> _Step:
        self._began = time.monotonic()
        self._report(f"{self._what} ...")
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._report(f"{self._what}: {'failed' if kind else 'done'} after {self._elapsed()}")

    def stage(self, line: str) -> None:
        """Report a line of nextpnr's that begins a stage not yet reported."""
        for start, name in STAGES.items():
            if line.startswith(start) and name not in self._stages:
                self._stages.add(name)
                self._report(f"  {name} (at {self._elapsed()})")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"


def _generate(top: Elaboratable, board: Board, work: Path, aim_mhz: float) -> list[str]:
    """Write the netlist, the scripts and the constraints; return nextpnr's device options."""
    platform = board.new_platform()
    plan = platform.build(top, name=NAME, do_build=False, emit_src=False)  # no host paths
    for name, text in plan.files.items():
        if not name.startswith("build_"):  # the scripts that would run all steps without a log
            (work / name).write_text(text if isinstance(text, str) else text.decode())
    pins = work / f"{NAME}.lpf"
    clock = r'(?m)^(FREQUENCY PORT "[^"]+") [\d.]+ HZ;'
    text, clocks = re.subn(clock, rf"\1 {aim_mhz * 1e6:.0f} HZ;", pins.read_text())
    assert clocks == 1, "Amaranth's constraints name the board's clock once"
    pins.write_text(text)
    steps = json.loads(plan.files[f"build_{NAME}.json"])["commands"]
    options = next(words for words in steps if words[0] == "nextpnr-ecp5")[1:]
    return [word for word in options if word != "--quiet"]


def overuse(log: str) -> list[str]:
    """What nextpnr's utilisation table in ``log`` shows to be missing: ``needs 9 EBR of 8``."""
    rows = re.findall(r"(?m)^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log)
    used = [(CELLS.get(kind, kind), int(need), int(have)) for kind, need, have in rows]
    return [f"needs {need} {kind} of {have}" for kind, need, have in used if need > have]


def _check_capacity(log: str, board: Board) -> None:
    missing = overuse(log)
    if missing:
        cure = "use a smaller folding or a larger board"
        raise CapacityError(f"{board.name}: the design {', '.join(missing)}; {cure}")


def _read_report(path: Path) -> dict[str, float | int]:
    report = json.loads(path.read_text())
    used = {kind: row["used"] for kind, row in report["utilization"].items()}
    return {
        "fmax_mhz": min(clock["achieved"] for clock in report["fmax"].values()),
        "lut4": used["TRELLIS_COMB"],
        "ff": used["TRELLIS_FF"],
        "ebr": used["DP16KD"],
        "multipliers": used["MULT18X18D"],
    }
