"""Every board with the shipped network that fits it best: built at the clock that routing met."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw.errors import CapacityError
from fq_hw.family import FAMILIES
from fq_hw.flow.bench import Row
from fq_hw.flow.build import ETHERNET, UART, USB, BuildGoal
from fq_hw.flow.design import Design
from fq_hw.flow.fold import FoldGoal
from fq_hw.flow.hardware import Arrays, Hardware
from fq_hw.flow.shipped import model_file
from fq_hw.flow.sizes import load_sized

if TYPE_CHECKING:
    from boards.build import BuildResult

__all__ = ["COLUMNS", "TASKS", "Task", "done", "measured"]

Report = Callable[[str], None]
BUILDS = 3  # of a board at most, until the clock is that which routing met
NEAR = 1.05  # a clock so much below another is as good
SAFE = 0.97  # of a routed clock: another clock is another netlist, and routes otherwise
LATE = "timing: "  # how `boards.build` begins the error of a design that is too slow
COLUMNS = {  # a row's name and unit; those of CELLS are a build's own
    "family": "", "network": "", "LUT4": "LUT4", "FF": "FF", "block RAM": "EBR",
    "routed": "MHz", "clock": "MHz", "cycles per frame": "cycles", "core": "frames/s",
    "link": "frames/s", "by": "", "limit": "",
}  # fmt: skip
CELLS = {"LUT4": "lut4", "FF": "ff", "block RAM": "ebr"}


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a board is built with.

    network    a shipped one
    array      size of the one array that computes all layers in turn; None: each streams
    cycles     that a frame may take where they stream; None: as few as fit
    lut_share  of the board's LUT, to be as fast as fits
    placer     what the router's placer goes for
    mhz        what the router aims for
    clock      that is tried first, in MHz
    link       how the board is spoken to
    """

    network: str
    array: str | None = None
    cycles: int | None = None
    lut_share: float = 0.6
    placer: str = "timing"
    mhz: float
    clock: float
    link: str = UART

    @property
    def title(self) -> str:
        """The network, and how it is laid out."""
        return self.network if self.array is None else f"{self.network}, in turn on {self.array}"


ECP5 = Task(network="ern-digits", placer="wires", mhz=120, clock=110)  # which routes sooner
SMALL_ECP5 = replace(ECP5, array="8x8x16@2", mhz=110, clock=100)
MIDDLE_ECP5 = replace(ECP5, lut_share=0.3)
LARGE_ECP5 = replace(ECP5, lut_share=0.25)
UP5K = Task(network="ern20", array="8x2x16", mhz=30, clock=29.25)
GOWIN = Task(network="ern-digits", array="4x4x16", mhz=120, clock=100)
TASKS: Mapping[str, Task] = {  # ECPIX-5 and OrangeCrab are of grade 8, other ECP5 of grade 6
    "ulx3s-85f": LARGE_ECP5,
    "ulx3s-12f": SMALL_ECP5,
    "ulx3s-25f": SMALL_ECP5,
    "ulx3s-45f": MIDDLE_ECP5,
    "ecpix5-45f": replace(MIDDLE_ECP5, mhz=160, clock=135, link=ETHERNET),
    "ecpix5-85f": replace(LARGE_ECP5, mhz=160, clock=135, link=ETHERNET),
    "orangecrab-25f": replace(SMALL_ECP5, mhz=140, clock=112, link=USB),
    "orangecrab-85f": replace(LARGE_ECP5, mhz=160, clock=135, link=USB),
    "icesugar-pro": SMALL_ECP5,
    "colorlight-5a75b": replace(SMALL_ECP5, clock=84, link=ETHERNET),
    "colorlight-i5": replace(SMALL_ECP5, clock=84, link=ETHERNET),
    "colorlight-i9": replace(MIDDLE_ECP5, link=ETHERNET),
    "icepi-zero": SMALL_ECP5,
    "icebreaker": UP5K,
    "upduino-v3": UP5K,
    "hx8k-breakout": Task(network="ern-mini", cycles=36_864, mhz=78, clock=78),
    "tang-primer-20k": GOWIN,
    "tang-nano-9k": Task(network="ern-mini", array="4x4x16", mhz=90, clock=81),
    "tang-nano-20k": GOWIN,
    "tang-primer-25k": replace(GOWIN, clock=85),
    "tang-mega-138k": GOWIN,
}


def measured(board: str, report: Report) -> Iterator[Row]:
    """Rows of a board, built. Raises CapacityError where it does not fit, ToolError likewise."""
    import boards
    from boards.rates import core_rate

    task = TASKS[board]
    design, shaped = shape(board, task, report)
    built, goal = at_its_fastest(design, board, task, report)
    words = [task.network, *untrained(design), *design.hardware.options, *goal.options]
    said = " ".join(["fq-hw build", *words])
    cycles, link = goal.interval(design), goal.link_rate(design)
    core = core_rate(built.clock_mhz, cycles)
    found = {
        "family": FAMILIES[boards.find(board).family].title,
        "network": task.title,
        **{name: getattr(built, key) for name, key in CELLS.items()},
        "routed": round(built.fmax_mhz, 1),
        "clock": round(built.clock_mhz, 2),
        "cycles per frame": cycles,
        "core": round(core, 1),
        "link": round(link.frames_per_second, 1),
        "by": link.name,
        "limit": "core" if core < link.frames_per_second else "link",
    }
    exact = {"family", "network", "cycles per frame", "link", "by"}
    for name, value in found.items():
        how = "model" if name in exact else "routed"
        command = shaped if name == "cycles per frame" else said
        yield f"{board}: {name}", value, COLUMNS[name], how, command


def shape(board: str, task: Task, report: Report) -> tuple[Design, str]:
    """The design of ``task`` for ``board``, and the command that says how many cycles it takes."""
    model = load_sized(model_file(task.network))
    if task.array is not None or task.cycles is not None:
        arrays = Arrays(sequential=task.array is not None, size=task.array)
        hardware = Hardware(arrays=arrays, cycles=task.cycles)
        said = " ".join(["fq-hw estimate", task.network, *hardware.options])
        return model.design(hardware), said
    path = Path(f"build/fold/bitstreams-{board}.json")
    goal = FoldGoal(board=board, lut_share=task.lut_share, model=model.path)
    Design.of_goal(model, goal, report).save_folding(path)
    how = f"--board {board} --lut-share {task.lut_share:g} --out {path}"
    return model.design(Hardware(fold=path)), f"fq-hw fold {task.network} {how}"


def untrained(design: Design) -> list[str]:
    """The option that a network needs whose weights are random."""
    return ["--untrained"] if design.model.weights else []


def at_its_fastest(
    design: Design, board: str, task: Task, report: Report
) -> tuple[BuildResult, BuildGoal]:
    """The build whose clock is the highest that routing met, and what was asked for.

    The first clock is that of ``task``. One that routing did not meet is followed by a lower one,
    one that is far below what it met by a higher one; between two of these lies the third.
    """
    import boards
    from boards.clock import fastest_clock

    record = boards.find(board)
    best, late, too_fast = None, None, math.inf
    goal = BuildGoal(board=board, mhz=task.mhz, placer=task.placer, link=task.link, model=None)
    most = task.clock
    for _ in range(BUILDS):
        try:
            clock = fastest_clock(record, most)
        except CapacityError as error:
            raise late or error from None
        if clock >= too_fast or (best and clock <= best[0].clock_mhz * NEAR):
            break
        asked = None if clock == record.clock_mhz else clock
        goal = replace(goal, clock=asked, mhz=max(task.mhz, clock))
        try:
            built = goal.build(design, report)
        except CapacityError as error:
            if not str(error).startswith(LATE):
                raise
            report(f"{board}: {clock:g} MHz is too fast")
            late, too_fast = error, clock
            most = math.sqrt(clock * best[0].clock_mhz) if best else clock * SAFE * SAFE
        else:
            report(f"{board}: {clock:g} MHz; routing met {built.fmax_mhz:.1f}")
            best, most = (built, goal), min(built.fmax_mhz, too_fast) * SAFE
    if best is None:
        raise late
    return best


def done(board: str, values: Mapping[str, object]) -> bool:
    """Whether ``values``, by the names of their rows, are all of ``board`` with its network."""
    there = all(f"{board}: {name}" in values for name in COLUMNS)
    return there and values[f"{board}: network"] == TASKS[board].title
