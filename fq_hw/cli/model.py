"""Arguments that several commands share: the model and its folding."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path

from fq_hw import artifact, checkpoint, export, ir
from fq_hw.cli import fold_file
from fq_hw.cli.output import say
from fq_hw.data import DataKind, digits
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, require
from fq_hw.fixed import export as fixed_export
from fq_hw.fixed import saved
from fq_hw.float_network import FloatNetwork
from fq_hw.ir import serialize
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sequential import Array, SequentialPlan, lower_sequential

__all__ = [
    "DEFAULT_CYCLES",
    "SHIPPED",
    "Model",
    "add_fold_arguments",
    "add_model_argument",
    "add_sequential_argument",
    "cycle_model",
    "load_model",
    "make_plan",
    "output_path",
    "tell_if_slower",
]

SHIPPED = Path(__file__).parents[1] / "models" / "ern-digits.safetensors"
DEFAULT_CYCLES = 9_216  # what the demo builds: place and route in a few minutes


@dataclass(frozen=True, kw_only=True)
class Model:
    """A graph ready for golden model and hardware, and what its checkpoint says of it."""

    graph: ir.Graph
    accuracy: checkpoint.Accuracy | None
    exported: export.Exported | None
    source: Source | None = None


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """A checkpoint, or a graph that export wrote; the shipped network by default."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="checkpoint or exported graph (default: the shipped network)",
    )


def load_model(path: Path) -> Model:
    """Read a checkpoint or a fixed-point network (and export it) or a graph."""
    if artifact.kind(path) == serialize.KIND:
        graph, source = serialize.load_with_source(path)
        return Model(graph=graph, accuracy=None, exported=None, source=source)
    if artifact.kind(path) == saved.KIND:
        found = saved.read(path)
        name = found.fixed.network.name
        graph = lower_graph(ir.Graph.from_nodes(name, fixed_export.export(found.fixed)))
        return Model(graph=graph, accuracy=found.accuracy, exported=None, source=found.source)
    trained = checkpoint.read(path)
    of_float = isinstance(trained.network, FloatNetwork)
    contract = "must be of a quantized network; `fq-hw search` quantizes float ones"
    require(not of_float, f"{path}", contract, trained.network.name, kind=ArtifactError)
    exported = export.export(trained)
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    return Model(
        graph=graph, accuracy=trained.accuracy, exported=exported, source=source_of(trained)
    )


def source_of(trained: checkpoint.Checkpoint) -> Source | None:
    """What it was trained on; files from before that record name the built-in digits at least."""
    built_in = digits.load_digits_over_photos()
    if trained.source is None and trained.accuracy and trained.accuracy.data == built_in.name:
        image, classes = trained.network.image, built_in.classes
        return Source(kind=DataKind.DIGITS, image=image, classes=classes)
    return trained.source


def add_fold_arguments(parser: argparse.ArgumentParser) -> None:
    """How fast the hardware shall be."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--cycles",
        type=int,
        default=DEFAULT_CYCLES,
        help="fold with the least LUT that needs at most this many cycles per frame "
        f"(default {DEFAULT_CYCLES})",
    )
    how.add_argument("--fold", type=Path, help="fold as this file says, which `fq-hw fold` wrote")


def add_sequential_argument(parser: argparse.ArgumentParser) -> None:
    """Whether all layers share one array."""
    parser.add_argument(
        "--sequential",
        action="store_true",
        help="one array for all layers in turn, not a unit for each: for small devices; "
        "--cycles and --fold do not apply",
    )
    parser.add_argument(
        "--array",
        metavar="COLUMNSxPExSIMD[@N]",
        help="its size, with a register after every N levels of adders (default 8x2x16, without)",
    )


def array_of(text: str) -> Array:
    """``8x16x16@2`` as an array: columns, PE, SIMD, and levels of adders between registers."""
    found = re.fullmatch(r"(\d+)x(\d+)x(\d+)(?:@(\d+))?", text)
    contract = "must read COLUMNSxPExSIMD or COLUMNSxPExSIMD@N"
    require(found, "--array", contract, text)
    columns, pe, simd, levels = (None if n is None else int(n) for n in found.groups())
    return Array(columns=columns, pe=pe, simd=simd, levels_per_stage=levels)


def make_plan(args: argparse.Namespace, graph: ir.Graph) -> Plan | SequentialPlan:
    """The plan at the asked speed, or by the asked folding, or of one array."""
    if getattr(args, "sequential", False):
        contract = "--fold folds a unit for each layer; leave one of the two out"
        require(args.fold is None, "--sequential", contract, str(args.fold))
        return lower_sequential(graph, args.array and array_of(args.array))
    contract = "is for --sequential; a unit for each layer is sized by --cycles or --fold"
    array = getattr(args, "array", None)
    require(array is None, "--array", contract, array)
    require(args.cycles >= 1, "--cycles", "must be at least 1", args.cycles)
    if args.fold is None:
        folding = least_lut(graph, args.cycles)
    else:
        folding = fold_file.load(args.fold, graph)
    return lower(graph, folding.folds, folding.cycles)


def cycle_model(plan: Plan | SequentialPlan, frames: int) -> timing.Schedule:
    """In which cycles ``plan`` moves its first pixel and its results."""
    if isinstance(plan, SequentialPlan):
        return plan.schedule(frames)
    return timing.simulate(plan, frames)


def output_path(given: Path | None, default: str) -> Path:
    """Where a command writes: ``given``, or ``build/default``; its folder is made.

    Call it before any work: raises ArtifactError when nothing can be written there.
    """
    path = Path("build") / default if given is None else given
    contract = "is a folder; a file shall be written"
    require(not path.is_dir(), f"--out {path}", contract, hint="name one", kind=ArtifactError)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--out {path}: its folder cannot be made ({error.strerror}); name another"
        raise ArtifactError(message) from error
    allowed = os.access(path.parent, os.W_OK)
    contract = "you may not write to this folder"
    require(allowed, f"--out {path}", contract, hint="name another file", kind=ArtifactError)
    return path


def tell_if_slower(args: argparse.Namespace, plan: Plan | SequentialPlan, interval: int) -> None:
    """Say so when a frame takes more cycles than asked for, and what takes them."""
    if isinstance(plan, SequentialPlan):
        return  # nobody asks it for a speed
    asked, option = args.cycles, "--cycles"
    if args.fold is not None:
        asked, option = plan.interval_bound, "--fold"
    if interval <= asked:
        return
    busiest = max(plan.nodes, key=lambda node: getattr(node.unit, "beats", 0))
    cause = f"{busiest.name} alone needs {busiest.unit.beats:,}"
    if busiest.unit.beats < interval:
        cause = "units wait for each other while frames are so short"
    say(f"note: a frame takes {interval:,} cycles, not {asked:,} ({option}): {cause}")
