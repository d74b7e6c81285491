"""A folding as a file: plain JSON that `fq-hw fold` writes and other commands take by `--fold`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from fq_hw import ir
from fq_hw.errors import ArtifactError, FqHwError, one_of, require
from fq_hw.files import check_file_name, read_json, write_text
from fq_hw.plain import from_plain, to_plain
from fq_hw.schedule.folding import Fold, Folding, check_folds
from fq_hw.schedule.in_turn.stage import InTurn, partition
from fq_hw.schedule.planes import planes
from fq_hw.schedule.sdram import CHIPS, Slots

__all__ = ["load", "parse", "save", "shape_digest", "text"]

KIND = "fq_hw.fold.1"
MOST_CYCLES = 2**48


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The SDRAM that has an array's parameters: its chip, by name, and how it is read."""

    chip: str
    clock_mhz: float
    burst: int
    gear: int = 1

    def __post_init__(self) -> None:
        one_of(self.chip, CHIPS, "sdram: chip")
        require(self.slots, "sdram", "must have time slots")

    @property
    def slots(self) -> Slots:
        """Its time slots."""
        chip = CHIPS[self.chip]
        return Slots(chip=chip, clock_mhz=self.clock_mhz, burst=self.burst, gear=self.gear)

    @classmethod
    def of(cls, slots: Slots) -> Outside:
        """The SDRAM that these are for."""
        chip, clock_mhz, burst, gear = slots.chip, slots.clock_mhz, slots.burst, slots.gear
        return cls(chip=chip.name, clock_mhz=clock_mhz, burst=burst, gear=gear)


@dataclass(frozen=True, kw_only=True)
class Record:
    """The file: ``digest`` is of the network's shapes, ``folds`` by the name of the layer.

    ``arrays`` compute the layers between their tensors, which have no fold; their parameters may
    come from an ``sdram``. ``logic`` names ROMs of levels and constants, and
    products, that lie in logic.
    """

    kind: str
    network: str
    digest: str
    cycles: int
    folds: dict[str, Fold]
    arrays: tuple[InTurn, ...] = ()
    logic: tuple[str, ...] = ()
    sdram: Outside | None = None

    def __post_init__(self) -> None:
        require(self.kind == KIND, "kind", f"must be {KIND}", self.kind)
        check_file_name(self.network, "network")
        require(1 <= self.cycles <= MOST_CYCLES, "cycles", "must be in 1..2**48", self.cycles)


def shape_digest(graph: ir.Graph) -> str:
    """A digest of what a folding depends on: every op, its inputs and shape, but no weights."""
    lines = [
        f"{op.name} {type(op).__name__} {op.inputs} {graph.types[op.name].shape}"
        for op in graph.ops
    ]
    lines += [f"{planes(op).bits.shape} {op.stride}" for op in graph.ops if isinstance(op, ir.Conv)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def block(opens: str, rows: list[str], closes: str) -> str:
    """A table or list of JSON with a row a line."""
    return f"{opens}\n    " + ",\n    ".join(rows) + f"\n  {closes}"


def save(path: Path, graph: ir.Graph, folding: Folding) -> None:
    """Write ``folding`` of ``graph``; the same folding gives the same bytes."""
    write_text(path, text(graph, folding))


def text(graph: ir.Graph, folding: Folding) -> str:
    """``folding`` of ``graph`` as JSON."""
    record = Record(
        kind=KIND,
        network=graph.name,
        digest=shape_digest(graph),
        cycles=folding.cycles,
        folds=dict(folding.folds),
        arrays=folding.arrays,
        logic=folding.logic,
        sdram=folding.slots and Outside.of(folding.slots),
    )
    plain = to_plain(record)
    folds = [f"{json.dumps(name)}: {json.dumps(fold)}" for name, fold in plain.pop("folds").items()]
    arrays = [json.dumps(stage) for stage in plain.pop("arrays")]
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in plain.items()]
    lines += [f'"folds": {block("{", folds, "}")}', f'"arrays": {block("[", arrays, "]")}']
    return "{\n  " + ",\n  ".join(lines) + "\n}\n"


def load(path: Path, graph: ir.Graph) -> Folding:
    """Read a folding for ``graph``. Raises ArtifactError, also when it is for another network."""
    plain = read_json(path, f"--fold {path}", hint="`fq-hw fold` makes such a file")
    return parse(plain, f"--fold {path}", graph)


def parse(plain: object, where: str, graph: ir.Graph) -> Folding:
    """A folding for ``graph`` from what a file holds; ``where`` begins what is raised."""
    maker = "must be a file that `fq-hw fold` wrote"
    try:
        record = from_plain(Record, plain, "file")
    except FqHwError as error:
        raise ArtifactError(f"{where}: {maker} ({error})") from error
    whose = "an older form of it" if record.network == graph.name else repr(record.network)
    contract = f"this folding is not for {graph.name!r} but for {whose}"
    hint = "make one with `fq-hw fold`"
    same = record.digest == shape_digest(graph)
    require(same, where, contract, hint=hint, kind=ArtifactError)
    check_folds(graph, record.folds, partition(graph, record.arrays))
    return Folding(
        folds=record.folds,
        cycles=record.cycles,
        arrays=record.arrays,
        logic=record.logic,
        slots=record.sdram and record.sdram.slots,
    )
