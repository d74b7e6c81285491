"""A bitstream: what is asked for, what is refused before any work, and the build itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw import ir, toolbox
from fq_hw.errors import CapacityError, one_of, require
from fq_hw.family import family_named
from fq_hw.flow.hardware import SHIPPED, sequential_way
from fq_hw.flow.paths import output_path
from fq_hw.flow.weights import record_of
from fq_hw.report.record_files import DESIGN, as_text
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import PRICED, plan_blocks, plan_resources
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.units import ArrayUnit

if TYPE_CHECKING:
    from boards.board import Board
    from boards.build import BuildResult
    from boards.links import LinkKind
    from boards.rates import LinkRate
    from fq_hw.flow.design import Design
    from fq_hw.flow.hardware import Hardware

__all__ = ["ETHERNET", "IP", "LINKS", "SPI", "UART", "USB", "BuildGoal", "cores_here"]

LINKS = UART, ETHERNET, SPI, USB = "uart", "ethernet", "spi", "usb"
IP = "192.168.1.50"
AIM_MHZ = 100.0  # of the router, unless somebody says otherwise
FRAMES = 6  # so many results the cycle model follows
SURE = 1.3  # an estimate this far beyond the board's capacity is beyond doubt
SURE_BLOCKS = 1.1  # the same of block RAM, where it is counted as Yosys maps it: of PRICED


def cores_here() -> int:
    """How many of the machine's cores this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class BuildGoal:
    """For which board, at which clock, and how hard to try.

    clock      of the accelerator in MHz, by a PLL and within 1 %; by default the oscillator's
    mhz        what the router aims for (default 100)
    placer     what it goes for: "timing", the clock, or "wires", short ones
    seed       of the placer, the first of ``seeds``; the fastest is kept
    jobs       how many of them are routed at a time here; ``scheduler`` routes them on a Dask
               cluster instead
    replaceable  all that training changes comes from the board's flash, for ``fq-hw weights``
    keep_netlist  the routed netlist stays in the work folder, for ``fq-hw sim --netlist routed``
    link       how the board is spoken to, "uart", "ethernet", "spi" or "usb"
    baud       of its UART, bits a second (default 1,000,000)
    ip         its address on Ethernet (default 192.168.1.50)
    out        the file; by default below build/
    model      the file that hints name

    Errors call them as the command does: --clock, --seeds.
    """

    board: str
    clock: float | None = None
    mhz: float | None = None
    placer: str = "timing"
    seed: int = 1
    seeds: int = 1
    jobs: int | None = None
    scheduler: str | None = None
    replaceable: bool = False
    keep_netlist: bool = False
    link: str = UART
    baud: int | None = None
    ip: str | None = None
    out: Path | None = None
    model: Path | None = SHIPPED

    @property
    def options(self) -> list[str]:
        """The same as options of the command, but for where the work is done."""
        words = ["--board", self.board]
        for option, value in (("--clock", self.clock), ("--mhz", self.mhz), ("--baud", self.baud)):
            words += [] if value is None else [option, f"{value:.10g}"]
        words += [] if self.ip is None else ["--ip", self.ip]
        for option, value, usual in (
            ("--link", self.link, UART),
            ("--placer", self.placer, "timing"),
            ("--seed", self.seed, 1),
            ("--seeds", self.seeds, 1),
        ):
            words += [] if value == usual else [option, str(value)]
        return words + ["--replaceable"] * self.replaceable

    def check(self) -> None:
        """Everything that can be refused before any work."""
        import boards
        from boards.clock import pll_for

        board = boards.find(self.board)
        require(0 <= self.seed < 2**31, "--seed", "must be in 0..2147483647", self.seed)
        require(1 <= self.seeds <= 1000, "--seeds", "must be in 1..1000", self.seeds)
        if self.clock is not None:
            require(1 <= self.clock <= 1000, "--clock", "must be in 1..1000", self.clock)
            pll_for(board, self.clock)
        self.link_kind.check(board, 1e6 * (self.clock or board.clock_mhz))
        if self.mhz is not None:
            require(1 <= self.mhz <= 1000, "--mhz", "must be in 1..1000", self.mhz)
            clock = self.clock or board.clock_mhz
            contract = f"the router aims for no less than the design's clock of {clock:g} MHz"
            require(self.mhz >= clock, "--mhz", contract, self.mhz)
        self.check_jobs()

    @property
    def link_kind(self) -> LinkKind:
        """The link as boards have it. Raises ParameterError."""
        from boards.ethernet.frames import Address
        from boards.links import MAC, Ethernet, Spi, Uart, Usb
        from boards.protocol import BAUD

        one_of(self.link, LINKS, "--link", f"must be one of {', '.join(LINKS)}")
        for option, value, what, link in (
            ("--ip", self.ip, "an address on Ethernet", ETHERNET),
            ("--baud", self.baud, "of a UART", UART),
        ):
            contract, hint = f"is {what}, and --link is {self.link}", "leave one of the two out"
            require(self.link == link or value is None, option, contract, value, hint=hint)
        if self.link == UART:
            baud = BAUD if self.baud is None else self.baud
            require(300 <= baud <= 12_000_000, "--baud", "must be in 300..12000000", baud)
            return Uart(baud)
        if self.link == SPI:
            return Spi()
        if self.link == USB:
            return Usb()
        return Ethernet(Address.parse(MAC, self.ip or IP))

    def link_rate(self, design: Design) -> LinkRate:
        """What the link carries of the design's frames."""
        import boards
        from boards.rates import link_rate

        clock = self.clock or boards.find(self.board).clock_mhz
        return link_rate(self.plan(design), clock, self.link_kind)

    def check_jobs(self) -> None:
        """Refuse ``jobs`` where nothing is routed beside something else here."""
        if self.jobs is None:
            return
        require(1 <= self.jobs <= 1000, "--jobs", "must be in 1..1000", self.jobs)
        hint = "leave one of the two out"
        contract = "counts the seeds on this machine, and --scheduler routes them on others"
        require(self.scheduler is None, "--jobs", contract, self.jobs, hint=hint)
        hint = "add --seeds N, or leave it out"
        require(self.seeds > 1, "--jobs", "has no effect on a single seed", self.jobs, hint=hint)

    def bitstream_name(self, hardware: Hardware, network: str, board: Board) -> str:
        """The file below build/, where nobody names one: of board, network, speed and clock."""
        how = "" if self.clock is None else f"-{self.clock:g}-mhz"
        how += "" if self.baud is None else f"-{self.baud}-baud"
        how += "" if self.link == UART else f"-{self.link}"
        how += "-replaceable" * self.replaceable
        return f"{board.name}/{network}-{hardware.tag(network)}{how}{board.toolchain.bitstream}"

    def check_design(self, design: Design) -> tuple[Board, Path]:
        """What can be refused once the plan is made; returns the board and the file to write."""
        import boards
        from boards import farm
        from boards.flash_core import check_memories

        board = boards.find(self.board)
        tools = board.toolchain
        path = output_path(self.out, self.bitstream_name(design.hardware, design.plan.name, board))
        local = () if self.scheduler else (tools.router,)
        for tool in ("yosys", *local, tools.packer):
            toolbox.find(tool)
        check_capacity(design.plan, design.model.graph, board, self.model)
        check_memories(self.plan(design), board)
        with farm.workers(self.jobs or 1, self.scheduler):
            return board, path

    def plan(self, design: Design) -> Plan:
        """What of ``design`` the board gets."""
        import boards
        from boards.flash_core import with_loaded

        if not self.replaceable:
            return design.plan
        return with_loaded(design.plan, boards.find(self.board))

    def interval(self, design: Design) -> int:
        """Cycles per frame on the board."""
        return simulate(self.plan(design), FRAMES).interval if self.replaceable else design.interval

    def build(self, design: Design, report=lambda line: None) -> BuildResult:
        """Synthesise, place, route and pack ``design``; ``report`` hears a line a step.

        Raises CapacityError where it does not fit, ToolError where a tool is missing or fails.
        """
        from boards.build import build
        from boards.flash_core import core_of, with_parameters
        from boards.rates import info_of
        from boards.toolchain import Placer
        from fq_hw.flow.describe import describe

        board, path = self.check_design(design)
        plan = self.plan(design)
        record = record_of(design, board) if self.replaceable else b""
        image = partial(with_parameters, plan=plan, board=board, record=record)
        return build(
            core_of(plan, board),
            board,
            path,
            info=info_of(plan),
            link=self.link_kind,
            clock_mhz=self.clock,
            freq_mhz=AIM_MHZ if self.mhz is None else self.mhz,
            placer=Placer(self.placer),
            seed=self.seed,
            seeds=self.seeds,
            jobs=self.jobs or cores_here(),
            scheduler=self.scheduler,
            keep_netlist=self.keep_netlist,
            beside={
                DESIGN: as_text(describe(design, board, self.options, plan, self.link_rate(design)))
            },
            image=image,
            report=report,
        )


def check_capacity(plan: Plan, graph: ir.Graph, board: Board, model: Path | None) -> None:
    """Refuse at once what is far too large; what is nearly so, nextpnr decides."""
    need, have = plan_resources(plan), board.capacity
    ebr = plan_blocks(plan, board.family).ebr
    made, most = family_named(board.family, "build").multiplier, have.multipliers
    contract = f"has {most} multipliers, and this hardware needs {need.multipliers}"
    fits, hint = not made or need.multipliers <= most, f"`fq-hw fold --board {board.name}`"
    require(fits, board.name, contract, hint=hint, kind=CapacityError)
    arrays = any(isinstance(node.unit, ArrayUnit) for node in plan.nodes)
    sure = SURE_BLOCKS if board.family == PRICED else SURE
    for what, least, most, far in (
        ("LUT4", need.lut, have.lut, SURE),
        ("EBR", ebr, have.ebr, sure),
    ):
        if least <= far * most:
            continue
        cures = [] if arrays else [sequential_way(graph, board, model)]
        whose = f", by the prices of {PRICED}"
        if board.family == PRICED:
            less = "make --array smaller" if arrays else f"`fq-hw fold --board {board.name}`"
            cures, whose = [f"{less} or take a larger board", *cures], ""
        built = "this hardware" if arrays else "a unit for each layer"
        contract = f"has {most:,} {what}, and {built} needs about {least:,}"
        hint = "; ".join(filter(None, cures)) or "take a larger board"
        raise CapacityError(f"{board.name}: {contract} (estimate{whose}); {hint}")
