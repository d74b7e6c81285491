"""Which hardware a model becomes: a unit for each layer, folded, or one array for all in turn.

Whatever differs between the two kinds of plans stands in this file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fq_hw import ir
from fq_hw.errors import FoldingError, FqHwError, require
from fq_hw.flow import fold_file
from fq_hw.schedule import timing
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sequential import Array, SequentialPlan, lower_sequential

__all__ = [
    "DEFAULT_CYCLES",
    "MOST_CYCLES",
    "SHIPPED",
    "Hardware",
    "check_cycles",
    "check_memories",
    "check_streamed",
    "cycle_model",
    "folded_plan",
    "image_of",
    "is_streamed",
    "make_core",
    "sequential_way",
]

SHIPPED = Path(__file__).parents[1] / "models" / "ern-digits.safetensors"
DEFAULT_CYCLES = 9_216  # what the demo builds: place and route in a few minutes
MOST_CYCLES = 10**9  # a frame of ten seconds at 100 MHz


def array_of(text: str) -> Array:
    """``8x16x16@2`` as an array: columns, PE, SIMD, and levels of adders between registers."""
    found = re.fullmatch(r"(\d+)x(\d+)x(\d+)(?:@(\d+))?", text)
    contract = "must be written COLUMNSxPExSIMD or COLUMNSxPExSIMD@N"
    require(found, "--array", contract, text, hint="8x2x16 is the default")
    columns, pe, simd, levels = (None if n is None else int(n) for n in found.groups())
    return Array(columns=columns, pe=pe, simd=simd, levels_per_stage=levels)


def check_cycles(cycles: int) -> None:
    """Refuse a number of cycles per frame that nobody means."""
    require(1 <= cycles <= MOST_CYCLES, "--cycles", f"must be in 1..{MOST_CYCLES:,}", cycles)


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What is asked of the hardware.

    cycles      fold with the least LUT that needs at most so many cycles per frame
    fold        fold as this file says, which ``fq-hw fold`` wrote
    sequential  one array for all layers in turn, of the size that ``array`` says, as 8x2x16

    Nothing given means 9,216 cycles. Errors call them as the commands do: --cycles, --fold.
    """

    cycles: int | None = None
    fold: Path | None = None
    sequential: bool = False
    array: str | None = None

    def plan(self, graph: ir.Graph) -> Plan | SequentialPlan:
        """The plan of ``graph``. Raises ParameterError, FoldingError, ArtifactError."""
        if self.sequential:
            contract = "folds a unit for each layer, and --sequential has one array for all"
            for option, given in (("--fold", self.fold), ("--cycles", self.cycles)):
                came = given if given is None else str(given)
                require(given is None, option, contract, came, hint="leave one of the two out")
            return lower_sequential(graph, self.array and array_of(self.array))
        contract = "is the size of the one array that --sequential makes"
        hint = "add --sequential; a unit for each layer is sized by --cycles or --fold"
        require(self.array is None, "--array", contract, self.array, hint=hint)
        if self.fold is not None:
            return folded_plan(graph, fold_file.load(self.fold, graph))
        cycles = DEFAULT_CYCLES if self.cycles is None else self.cycles
        check_cycles(cycles)
        return folded_plan(graph, least_lut(graph, cycles))

    def tag(self, name: str) -> str:
        """What tells files of network ``name`` apart: the cycles asked, the folding, the array."""
        if self.sequential:
            array = array_of(self.array) if self.array else Array()
            stages = "" if array.levels_per_stage is None else f"@{array.levels_per_stage}"
            return f"{array.columns}x{array.pe}x{array.simd}{stages}"
        if self.fold is not None:
            return self.fold.stem.removeprefix(f"{name}-")
        return f"{self.cycles or DEFAULT_CYCLES}-cycles"

    def slower(self, plan: Plan | SequentialPlan, interval: int) -> str | None:
        """Why a frame takes more cycles than asked for; None where it does not."""
        if isinstance(plan, SequentialPlan):
            return None  # nobody asks it for a speed
        asked, option = self.cycles or DEFAULT_CYCLES, "--cycles"
        if self.fold is not None:
            asked, option = plan.interval_bound, "--fold"
        if interval <= asked:
            return None
        busiest = plan.busiest
        cause = f"{busiest.name} alone needs {busiest.unit.beats:,}"
        if busiest.unit.beats < interval:
            cause = "units wait for each other while frames are so short"
        return f"note: a frame takes {interval:,} cycles, not {asked:,} ({option}): {cause}"


def is_streamed(plan: Plan | SequentialPlan) -> bool:
    """Whether every tensor of ``plan`` goes over a stream, where it can be watched."""
    return isinstance(plan, Plan)


def folded_plan(graph: ir.Graph, folding) -> Plan:
    """The plan of ``graph`` by a ``Folding``."""
    return lower(graph, folding.folds, folding.cycles)


def cycle_model(plan: Plan | SequentialPlan, frames: int) -> timing.Schedule:
    """In which cycles ``plan`` moves its first pixel and its results."""
    if isinstance(plan, SequentialPlan):
        return plan.schedule(frames)
    return timing.simulate(plan, frames)


def check_memories(plan: Plan | SequentialPlan, board) -> bool:
    """Whether ``plan`` is one array; then raise CapacityError where ``board`` cannot hold it."""
    if not isinstance(plan, SequentialPlan):
        return False
    from boards.sequential import check_memories as check

    check(plan, board)
    return True


def sequential_way(graph: ir.Graph, board, path: Path | None = SHIPPED) -> str:
    """The command that builds the model in ``path`` as one array; nothing where none can."""
    try:
        check_memories(lower_sequential(graph, None), board)
    except FqHwError:
        return ""
    model = "" if path in (SHIPPED, None) else f" {path}"
    if path is not None and path.suffix == ".toml":  # it cannot be built before it is trained
        model = " CHECKPOINT"
    command = f"`fq-hw build{model} --board {board.name} --sequential`"
    return f"one array for all layers in turn needs far less: {command}"


def make_core(plan: Plan | SequentialPlan, board):
    """The accelerator of ``plan`` in the forms of the board's family."""
    from rtl_gen.dot_product import FAMILIES
    from rtl_gen.top import Accelerator

    if isinstance(plan, SequentialPlan):
        from boards.sequential import sequential_core

        return sequential_core(plan, board)
    return Accelerator(plan, board.family if board.family in FAMILIES else "plain")


def image_of(plan: Plan | SequentialPlan, board) -> Callable[[bytes], bytes]:
    """What makes of the packer's bitstream the file to load: an array brings its parameters."""
    if not isinstance(plan, SequentialPlan):
        return bytes
    from boards.sequential import with_parameters

    return partial(with_parameters, plan=plan, board=board)


def check_streamed(plan: Plan | SequentialPlan, what: str) -> None:
    """Raise FoldingError for one array, where ``what`` is known of units for each layer alone."""
    contract = f"{what} is for a unit for each layer, not for one array"
    require(is_streamed(plan), f"design {plan.name!r}", contract, hint="leave sequential out",
            kind=FoldingError)  # fmt: skip
