"""From an accelerator core to a bitstream: generate, synthesise, place and route, pack."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from amaranth.hdl import Elaboratable, Fragment
from amaranth.lib import wiring

from boards import farm
from boards.block_rams import place_block_rams
from boards.board import Board
from boards.clock import PllClock, pll_for
from boards.links import LinkKind, Uart
from boards.placement import drivers, placement, slowest
from boards.pll import SECOND
from boards.protocol import Info
from boards.route import Job, Routed, packed
from boards.sdram_core import check_clock, slots_in
from boards.sdram_edges import second_output
from boards.steps import Step
from boards.toolchain import NAME, Placer
from fq_hw import toolbox
from fq_hw.errors import CapacityError, ToolError, require
from fq_hw.files import check_output, parse_json, work_folder, write_bytes, write_text
from fq_hw.report.record_files import PLACEMENT, ROUTED, save
from fq_hw.report.records import RoutedRecord, SeedRow
from rtl_gen.emit import dots_rtlil

__all__ = ["NETLIST", "ROUTED_NETLIST", "BuildResult", "SeedResult", "build"]

NETLIST = f"{NAME}.json"  # in the work folder: what synthesis made
ROUTED_NETLIST = f"{NAME}_routed.json.gz"  # and, where it is wanted, what the router made of it

NOTHING: Mapping[str, str] = MappingProxyType({})
UART = Uart()


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """What one seed of the placer gave: a clock, or the error that it ended with."""

    seed: int
    fmax_mhz: float | None
    seconds: float
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A bitstream and what the routed design needs; every number is nextpnr's, ``routed``.

    seed       the best of ``seeds``, whose bitstream this is
    clock_mhz  at which the board runs the design
    fmax_mhz   the highest clock at which the routed design meets its timing
    link_mhz   the same of its link's own clock; None where it has none
    lut4       LUT4 positions, carry cells and distributed RAM included; logic cells on iCE40
    spram      single-port RAMs of 256 kbit
    work       the folder with the netlist, and with log and report of every seed
    """

    bitstream: Path
    board: str
    seed: int
    clock_mhz: float
    fmax_mhz: float
    link_mhz: float | None
    lut4: int
    ff: int
    ebr: int
    spram: int
    multipliers: int
    seconds: float
    seeds: tuple[SeedResult, ...]
    work: Path


def build(
    core: wiring.Component,
    board: Board,
    out: Path,
    *,
    info: Info,
    link: LinkKind = UART,
    clock_mhz: float | None = None,
    freq_mhz: float | None = None,
    placer: Placer = Placer.TIMING,
    seed: int = 1,
    seeds: int = 1,
    jobs: int = 1,
    scheduler: str | None = None,
    keep_netlist: bool = False,
    image: Callable[[bytes], bytes] = bytes,
    beside: Mapping[str, str] = NOTHING,
    report: Callable[[str], None] = lambda line: None,
) -> BuildResult:
    """Put ``core`` behind a link of ``board`` and write the bitstream ``out``.

    core, info  as ``Shell`` wants them
    link       how the board is spoken to, by default over its UART
    clock_mhz  of the design, by a PLL and within 1 %; by default the board's oscillator
    freq_mhz   what nextpnr aims for, at least (and by default) the design's clock
    placer     what it goes for
    seed       of the placer, the first of ``seeds``; the fastest result is packed. Same input and
               seeds give the same bitstream, whatever ``jobs`` and ``scheduler``
    jobs       seeds routed at a time here; ``scheduler`` spreads them over a Dask cluster's
               machines instead
    keep_netlist  leave the routed netlist in the work folder, too, as ROUTED_NETLIST
    image      makes of the packer's bitstream what ``out`` holds
    beside     texts to lie in the work folder, by name
    report     is called with one line at the start and the end of each step

    The work happens in the folder ``<out without suffix>.build`` and stays there, with the records
    ROUTED and PLACEMENT for a report; ``out`` changes only at the end, all at once. ArtifactError
    where that folder is somebody else's or another build works in it, and where nothing can be
    written. CapacityError when the design does not fit or no seed is fast enough for the clock;
    ToolError naming the log when a tool is missing or fails.
    """
    tools = board.toolchain
    fits = out.suffix == tools.bitstream
    require(fits, "build", f"out must end in {tools.bitstream} for {board.name}", str(out))
    require(seeds >= 1, "build", "seeds must be at least 1", seeds)
    slots = slots_in(core)
    gear = slots.gear if slots else 1
    setting = pll_for(board, clock_mhz or board.clock_mhz, gear)
    clock = float(setting.mhz) if setting else board.clock_mhz
    check_clock(slots, clock)
    second = second_output(slots.chip, setting) if slots and gear > 1 else None
    aim = max(freq_mhz or 0.0, clock)
    link.check(board, clock * 1e6)
    yosys, packer = toolbox.find("yosys"), toolbox.find(tools.packer)
    if scheduler is None:
        toolbox.find(tools.router)
    began = time.monotonic()
    check_output(out, "build")
    with (
        farm.workers(jobs, scheduler) as route_all,  # a scheduler that is away is said at once
        work_folder(out.with_suffix(".build"), "build") as work,
    ):
        with Step(report, "generate"):
            pll = PllClock(setting, board.family, second) if setting else None
            top = link.top(core, info, board, clock * 1e6, pll)
            options, pack = _generate(top, board, work, aim / clock)
        with Step(report, f"synthesise with Yosys {yosys.version}"):
            toolbox.run(yosys, ["-q", "-l", f"{NAME}.rpt", f"{NAME}.ys"], cwd=work,
                        log=work / "yosys.log")  # fmt: skip
            _check_written(work / NETLIST, yosys)
            tools.finish(work / NETLIST)
        if placer is Placer.WIRES and board.capacity.ebr_sites:
            with Step(report, "place block RAMs"):
                place_block_rams(work / NETLIST, board.capacity)
        files = {file: packed((work / file).read_bytes()) for file in (NETLIST, tools.pins)}
        options += ["--timing-allow-fail", *tools.place_for(placer), *tools.aim_for(aim)]
        tries = [
            Job(router=tools.router, args=tuple(options), files=files, config=tools.config,
                seed=seed + n, keep=keep_netlist)
            for n in range(seeds)
        ]  # fmt: skip
        where = f"over {scheduler}" if scheduler else f"{min(jobs, seeds)} at a time"
        what = f"place and route with {tools.router}" + (f", {seeds} seeds, {where}" * (seeds > 1))
        with Step(report, what) as step:
            routed = []
            for one in route_all(tries, step.stage):
                _keep(one, work)
                routed.append(one)
                if seeds > 1:
                    said = one.error or f"{_fmax(one, link):.1f} MHz"
                    report(f"  seed {one.seed}: {said} ({len(routed)} of {seeds} seeds)")
        routed.sort(key=lambda one: one.seed)
        best = _best(routed, board, clock, link, work)
        write_bytes(work / tools.config, zlib.decompress(best.config))
        if keep_netlist:
            write_bytes(work / ROUTED_NETLIST, best.netlist)
        with Step(report, f"pack with {tools.packer} {packer.version}"):
            toolbox.run(packer, pack, cwd=work, log=work / f"{tools.packer}.log")
        bitstream = work / f"{NAME}{tools.bitstream}"
        _check_written(bitstream, packer)
        found = parse_json(best.report, "report")
        used = {"spram": 0, **tools.count(found["utilization"], best.log)}
        rows = tuple(
            SeedResult(seed=one.seed, fmax_mhz=None if one.error else _fmax(one, link),
                       error=one.error, seconds=one.seconds)
            for one in routed
        )  # fmt: skip
        driven = drivers((work / f"{NAME}.il").read_text(), NAME)
        tried = (SeedRow(seed=row.seed, fmax_mhz=row.fmax_mhz, error=row.error) for row in rows)
        fmax = _fmax(best, link)
        link_mhz = min((mhz for mhz, _ in _clocks(best, link)[1]), default=None)
        record = RoutedRecord(board=board.name, router=f"{tools.router} {best.version}",
                              seed=best.seed, clock_mhz=clock, aim_mhz=aim, fmax_mhz=fmax,
                              seeds=tuple(tried), slowest=slowest(found, driven),
                              **used)  # fmt: skip
        save(work / ROUTED, record)
        save(work / PLACEMENT, placement(best.cells, driven, tools.cells))
        for name, text in beside.items():
            write_text(work / name, text)
        write_bytes(out, image(bitstream.read_bytes()))
    return BuildResult(bitstream=out, board=board.name, seed=best.seed, clock_mhz=clock,
                       fmax_mhz=fmax, link_mhz=link_mhz, seconds=time.monotonic() - began,
                       seeds=rows, work=work, **used)  # fmt: skip


def _generate(
    top: Elaboratable, board: Board, work: Path, haste: float
) -> tuple[list[str], Sequence[str]]:
    """Write the netlist, the scripts and the constraints; return nextpnr's and the packer's words.

    ``haste`` is how much faster than it will run the design shall become: the oscillator is
    constrained to so many times its frequency, and with it what a PLL makes of it.
    """
    platform, tools = board.new_platform(), board.toolchain
    hooks = {"script_after_read": tools.before, "script_after_synth": tools.after}
    design = Fragment.get(top, platform)
    dots = dots_rtlil(design)
    plan = platform.build(
        design, name=NAME, do_build=False, emit_src=False, **hooks
    )  # no host paths
    for name, content in plan.files.items():
        if name.startswith("build_"):  # the scripts that would run all steps without a log
            continue
        text = content if isinstance(content, str) else content.decode()
        if name == f"{NAME}.il":
            text += "\n" + dots
        if name == tools.pins:
            text = tools.constrain(text, haste * board.clock_mhz)
        write_text(work / name, text)
    steps = parse_json(plan.files[f"build_{NAME}.json"], "Amaranth's steps")["commands"]
    words = {step[0]: step[1:] for step in steps}
    options = [word for word in words[tools.router] if word != "--quiet"]
    return options, tools.pack or words[tools.packer]


def _check_written(path: Path, tool: toolbox.Tool) -> None:
    """Raise ToolError where ``tool``, which ended well, has not written ``path``."""
    there = path.is_file() and path.stat().st_size > 0
    contract = f"{' '.join(tool.command)} ended well, but wrote no {path.name}"
    hint = "`fq-hw doctor` says which one is used"
    require(there, tool.name, contract, hint=hint, kind=ToolError)


def _keep(one: Routed, work: Path) -> None:
    """Log and report of a seed."""
    write_text(work / f"seed-{one.seed}.log", one.log)
    if one.report:
        write_text(work / f"seed-{one.seed}.json", one.report)


def _fmax(one: Routed, link: LinkKind) -> float:
    """Of the design's clock; 0 where the link's own is too slow for it."""
    found, own = _clocks(one, link)
    return min(found) if all(mhz >= needed for mhz, needed in own) else 0.0


def _clocks(one: Routed, link: LinkKind) -> tuple[list[float], list[tuple[float, float]]]:
    """MHz of the design's clocks, and of the link's own beside what each must have.

    The second output of the PLL is twice as fast as the design.
    """
    found, own = [], []
    for name, clock in parse_json(one.report, "report")["fmax"].items():
        needed = next((mhz for net, mhz in link.clocks.items() if net in name), None)
        if needed is None:
            found.append(clock["achieved"] / (1 + name.endswith(f"{SECOND}_clk")))
        else:
            own.append((clock["achieved"], needed))
    return found, own


def _best(
    routed: list[Routed], board: Board, clock_mhz: float, link: LinkKind, work: Path
) -> Routed:
    """The fastest, the lowest seed of equals; one clear error when none will do."""
    whole = [one for one in routed if not one.error]
    first = routed[0]
    if not whole:
        missing = board.toolchain.overuse(first.log)
        if missing:
            cure = "use a smaller folding or a larger board"
            raise CapacityError(f"{board.name}: the design {', '.join(missing)}; {cure}")
        every = "" if len(routed) == 1 else f"every seed failed; seed {first.seed}: "
        raise ToolError(f"{every}{first.error} (see {work / f'seed-{first.seed}.log'})")
    best = max(whole, key=lambda one: _fmax(one, link))
    fmax = _fmax(best, link)
    hint = "try other seeds (--seed, --seeds), or a smaller design"
    contract = f"no seed is fast enough for the clock of the {link}"
    require(fmax > 0, "timing", contract, hint=hint, kind=CapacityError)
    contract = (
        f"the routed design reaches {fmax:.1f} MHz (seed {best.seed}), and {board.name} "
        f"would run it at {clock_mhz:g} MHz"
    )
    hint = "try other seeds (--seed, --seeds), fold more (--cycles), or a lower --clock"
    require(fmax >= clock_mhz, "timing", contract, hint=hint, kind=CapacityError)
    return best
