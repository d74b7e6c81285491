"""Other weights for a board that loads them from its flash, without building again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw import ir
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import parse_json, read_bytes
from fq_hw.flow import fold_file
from fq_hw.flow.hardware import folded_plan
from fq_hw.plain import from_plain, to_plain
from fq_hw.schedule.plan import Plan

if TYPE_CHECKING:
    from boards.board import Board
    from fq_hw.flow.design import Design
    from fq_hw.flow.model import Model

__all__ = ["FlashWeights", "flash_weights", "record_of"]

KIND = "fq_hw.flash.1"
MOST_IMAGE_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a build says of itself.

    ops      by name, all that must be the same of another network
    folding  the content of a file of `fq-hw fold`
    units    by name, the fields of each unit
    fixed    by name, a digest of constants that are part of the bitstream
    """

    kind: str
    network: str
    board: str
    ops: dict[str, str]
    folding: str
    units: dict[str, dict[str, str]]
    fixed: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class FlashWeights:
    """The bytes for ``offset`` of the flash of a ``board``."""

    board: str
    offset: int
    content: bytes

    @property
    def command(self) -> str:
        """How they are written; FILE stands for their file."""
        return f"iceprog -o {self.offset // 1024}k FILE"


def shape_of(op: ir.Op, graph: ir.Graph) -> str:
    """All of an op but its constants."""
    shape = "x".join(map(str, graph.types[op.name].shape))
    found = [f"{type(op).__name__} of {shape} from {', '.join(op.inputs) or 'pixels'}"]
    if isinstance(op, ir.Conv):
        found.append(f"windows {op.axes}, groups {op.groups}")
    if isinstance(op, ir.Threshold | ir.Embed):
        found.append(f"levels of {op.out_bits} bits")
    return ", ".join(found)


def record(graph: ir.Graph, folding: str, plan: Plan, board: Board) -> Record:
    """What a build of ``plan`` says; ``folding`` is that of ``graph``."""
    from rtl_gen.top import fill_order

    loaded = fill_order(plan.nodes)
    return Record(
        kind=KIND,
        network=graph.name,
        board=board.name,
        ops={op.name: shape_of(op, graph) for op in graph.ops},
        folding=folding,
        units={
            node.name: {"unit": type(node.unit).__name__}
            | {f.name: repr(getattr(node.unit, f.name)) for f in dataclasses.fields(node.unit)}
            for node in plan.nodes
        },
        fixed={
            node.name: hashlib.sha256(node.contents.astype("<i8").tobytes()).hexdigest()[:16]
            for node in plan.nodes
            if node.contents is not None and node.name not in loaded
        },
    )


def record_of(design: Design, board: Board) -> bytes:
    """What ``design``, built replaceable, says of itself in the image of the board's flash."""
    from boards.flash_core import with_loaded

    graph, plan = design.model.graph, with_loaded(design.plan, board)
    made = record(graph, fold_file.text(graph, design.folding), plan, board)
    return json.dumps(to_plain(made)).encode()


def flash_weights(model: Model, build: Path) -> FlashWeights:
    """The parameters of ``model`` for the board that runs ``build``, an image of its flash.

    Raises ArtifactError where that is none, or where ``model`` differs from what it was built for
    in more than constants.
    """
    import boards
    from boards.flash_core import flash_beats, with_loaded
    from boards.flash_loader import OFFSET, flash_words
    from boards.flash_record import record_in

    where, graph = f"--for {build}", model.graph
    image = read_bytes(build, where, most=MOST_IMAGE_BYTES, hint="`fq-hw build` makes such a file")
    text = record_in(image, where)
    try:
        built = from_plain(Record, parse_json(text.decode(), where), "record")
        require(built.kind == KIND, "kind", f"must be {KIND}", built.kind)
    except (FqHwError, UnicodeDecodeError) as error:
        hint = "build it again"
        raise ArtifactError(f"{where}: is of another version ({error}); {hint}") from error
    board = boards.find(built.board)
    ops = {op.name: shape_of(op, graph) for op in graph.ops}
    compare(model.name, "layer", ops, built.ops, build)
    folding = fold_file.parse(parse_json(built.folding, where), where, graph)
    plan = with_loaded(folded_plan(graph, folding), board)
    own = record(graph, built.folding, plan, board)
    for name, fields in built.units.items():
        compare(model.name, f"{name}:", own.units.get(name, {}), fields, build)
    for name, digest in built.fixed.items():
        contract = f"its constants are part of the bitstream of {build}, and are others there"
        hint = "only what an array computes, and what is before and behind it, can be replaced"
        same = own.fixed.get(name) == digest
        require(same, f"{model.name}: {name}", contract, hint=hint, kind=ArtifactError)
    return FlashWeights(board=board.name, offset=OFFSET, content=flash_words(flash_beats(plan)))


def compare(where: str, what: str, own: dict[str, str], built: dict[str, str], build: Path) -> None:
    """Refuse the first entry of ``own`` that is not as ``built``."""
    for name in [*built, *own]:
        has, needs = built.get(name, "none"), own.get(name, "none")
        contract = f"{what} {name} is {needs}, and {build} was built for {has}"
        require(has == needs, where, contract, hint="build again", kind=ArtifactError)
