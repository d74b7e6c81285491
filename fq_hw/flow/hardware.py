"""Which hardware a model becomes: a unit for each layer, folded, or one array for all in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fq_hw import ir
from fq_hw.errors import FqHwError, require
from fq_hw.flow import fold_file
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.folding import Folding, InTurn
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import one_stage
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan

__all__ = [
    "DEFAULT_CYCLES",
    "MOST_CYCLES",
    "SHIPPED",
    "Hardware",
    "check_cycles",
    "folded_plan",
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

    def plan(self, graph: ir.Graph) -> Plan:
        """The plan of ``graph``. Raises ParameterError, FoldingError, ArtifactError."""
        if self.sequential:
            contract = "folds a unit for each layer, and --sequential has one array for all"
            for option, given in (("--fold", self.fold), ("--cycles", self.cycles)):
                came = given if given is None else str(given)
                require(given is None, option, contract, came, hint="leave one of the two out")
            return array_plan(graph, array_of(self.array) if self.array else Array())
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

    def slower(self, plan: Plan, interval: int) -> str | None:
        """Why a frame takes more cycles than asked for; None where it does not."""
        if self.sequential:
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


def folded_plan(graph: ir.Graph, folding: Folding) -> Plan:
    """The plan of ``graph`` by a ``Folding``."""
    return lower(graph, folding.folds, folding.cycles, arrays=folding.arrays)


def array_plan(graph: ir.Graph, array: Array) -> Plan:
    """The plan of ``graph`` as one stage: all convolutions in turn on ``array``."""
    after, until = one_stage(graph)
    return lower(graph, {}, arrays=(InTurn(after=after, until=until, array=array),))


def sequential_way(graph: ir.Graph, board, path: Path | None = SHIPPED) -> str:
    """The command that builds the model in ``path`` as one array; nothing where none can."""
    from boards.flash_core import check_memories

    try:
        check_memories(array_plan(graph, Array()), board)
    except FqHwError:
        return ""
    model = "" if path in (SHIPPED, None) else f" {path}"
    if path is not None and path.suffix == ".toml":  # it cannot be built before it is trained
        model = " CHECKPOINT"
    command = f"`fq-hw build{model} --board {board.name} --sequential`"
    return f"one array for all layers in turn needs far less: {command}"
