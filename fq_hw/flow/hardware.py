"""Which hardware a model becomes: a unit for each layer, folded, and arrays for layers in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fq_hw import ir
from fq_hw.errors import FqHwError, require
from fq_hw.files import as_file_name
from fq_hw.flow import fold_file
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import fitted
from fq_hw.schedule.in_turn.stage import InTurn, one_stage
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan

__all__ = [
    "DEFAULT_CYCLES",
    "MOST_CYCLES",
    "SHIPPED",
    "Arrays",
    "Hardware",
    "array_of",
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
class Arrays:
    """What runs in turn on arrays of one size, and what streams beside.

    sequential  all convolutions on one array
    in_turn     else the stretches that an array runs, each by the tensor before it and its last
    size        of each array, as 8x2x16; None for that

    Errors call them as the commands do: --sequential, --in-turn, --array.
    """

    sequential: bool = False
    in_turn: tuple[tuple[str, str], ...] = ()
    size: str | None = None

    def __bool__(self) -> bool:
        return self.sequential or bool(self.in_turn)

    @property
    def array(self) -> Array:
        """An array of that size. Raises ParameterError, FoldingError."""
        return array_of(self.size) if self.size else Array()

    def stages(self, graph: ir.Graph) -> tuple[InTurn, ...]:
        """The stages of ``graph``, with banks as deep as they need; raises what ``fitted`` does."""
        contract = "leaves nothing for --in-turn: it has one array for all layers"
        alone = not (self.sequential and self.in_turn)
        require(alone, "--sequential", contract, self.in_turn, hint="leave one of the two out")
        contract = "is the size of the arrays that --sequential and --in-turn make"
        hint = "add --sequential or --in-turn; a unit for each layer is sized by --cycles or --fold"
        require(self or self.size is None, "--array", contract, self.size, hint=hint)
        stretches = (one_stage(graph),) if self.sequential else self.in_turn
        return tuple(fitted(graph, after, until, self.array) for after, until in stretches)

    @property
    def options(self) -> list[str]:
        """The same as options of a command."""
        words = ["--sequential"] if self.sequential else []
        words += [word for stretch in self.in_turn for word in ("--in-turn", *stretch)]
        return [*words, *(["--array", self.size] if self.size else [])]

    @property
    def tag(self) -> str:
        """What tells files of one network apart."""
        array = self.array
        levels = "" if array.levels_per_stage is None else f"@{array.levels_per_stage}"
        size = f"{array.columns}x{array.pe}x{array.simd}{levels}"
        return "-".join([size, *(as_file_name(f"{a}-to-{b}") for a, b in self.in_turn)])


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What is asked of the hardware.

    cycles  fold what streams with the least LUT that needs at most so many cycles per frame
    fold    fold as this file says, which ``fq-hw fold`` wrote
    arrays  what does not stream

    Nothing given means 9,216 cycles, or with arrays those of the slowest of them. Errors call them
    as the commands do: --cycles, --fold.
    """

    cycles: int | None = None
    fold: Path | None = None
    arrays: Arrays = Arrays()

    def folding(self, graph: ir.Graph) -> Folding:
        """The folding of ``graph``. Raises ParameterError, FoldingError, ArtifactError."""
        contract = "folds a unit for each layer, and --sequential has one array for all"
        for option, given in (("--fold", self.fold), ("--cycles", self.cycles)):
            alone, came = given is None or not self.arrays.sequential, str(given)
            require(alone, option, contract, came, hint="leave one of the two out")
        if self.fold is not None:
            alone, hint = self.arrays == Arrays(), "leave out --in-turn and --array"
            require(alone, "--fold", "says what runs in turn, too", str(self.fold), hint=hint)
            return fold_file.load(self.fold, graph)
        stages = self.arrays.stages(graph)
        cycles = None if stages and self.cycles is None else self.asked
        if cycles is not None:
            check_cycles(cycles)
        return least_lut(graph, cycles, arrays=stages)

    @property
    def asked(self) -> int:
        """Cycles that a frame may take, where nothing else says so."""
        return DEFAULT_CYCLES if self.cycles is None else self.cycles

    @property
    def given(self) -> dict[str, object]:
        """By the options of a command, what somebody has said of it."""
        said = {
            "--cycles": self.cycles,
            "--fold": self.fold and str(self.fold),
            "--sequential": self.arrays.sequential or None,
            "--in-turn": self.arrays.in_turn or None,
            "--array": self.arrays.size,
        }
        return {option: value for option, value in said.items() if value is not None}

    def refuse(self, contract: str, hint: str) -> None:
        """Raise ParameterError by the name of what somebody has said of it, if anything."""
        for option, value in self.given.items():
            require(False, option, contract, value, hint=hint)

    @property
    def options(self) -> list[str]:
        """The same as options of a command."""
        cycles = [] if self.cycles is None else ["--cycles", str(self.cycles)]
        fold = [] if self.fold is None else ["--fold", str(self.fold)]
        return [*cycles, *fold, *self.arrays.options]

    def tag(self, name: str) -> str:
        """What tells files of network ``name`` apart: the cycles asked, the folding, the arrays."""
        if self.fold is not None:
            return self.fold.stem.removeprefix(f"{name}-")
        speed = [] if self.cycles is None and self.arrays else [f"{self.asked}-cycles"]
        return "-".join([*([self.arrays.tag] if self.arrays else []), *speed])

    def slower(self, plan: Plan, interval: int) -> str | None:
        """Why a frame takes more cycles than asked for; None where it does not."""
        if self.arrays and self.cycles is None:
            return None  # nobody asks it for a speed
        asked, option = self.asked, "--cycles"
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
    return lower(graph, folding.folds, folding.cycles, **folding.more)


def sequential_way(graph: ir.Graph, board, path: Path | None = SHIPPED) -> str:
    """The command that builds the model in ``path`` as one array; nothing where none can."""
    from boards.flash_core import check_memories

    try:
        folding = Hardware(arrays=Arrays(sequential=True)).folding(graph)
        check_memories(folded_plan(graph, folding), board)
    except FqHwError:
        return ""
    model = "" if path in (SHIPPED, None) else f" {path}"
    if path is not None and path.suffix == ".toml":  # it cannot be built before it is trained
        model = " CHECKPOINT"
    command = f"`fq-hw build{model} --board {board.name} --sequential`"
    return f"one array for all layers in turn needs far less: {command}"
