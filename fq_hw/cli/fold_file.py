"""A folding as a file: plain JSON that `fq-hw fold` writes and other commands take by `--fold`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from fq_hw import ir
from fq_hw.artifact import check_file
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.network import from_plain, to_plain
from fq_hw.schedule.folding import Fold, Folding, check_folds
from fq_hw.schedule.planes import planes

__all__ = ["load", "save", "shape_digest"]

KIND = "fq_hw.fold.1"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The file: ``digest`` is of the network's shapes, ``folds`` by the name of the layer."""

    kind: str
    network: str
    digest: str
    cycles: int
    folds: dict


def shape_digest(graph: ir.Graph) -> str:
    """A digest of what a folding depends on: every op, its inputs and shape, but no weights."""
    lines = [
        f"{op.name} {type(op).__name__} {op.inputs} {graph.types[op.name].shape}"
        for op in graph.ops
    ]
    lines += [f"{planes(op).bits.shape} {op.stride}" for op in graph.ops if isinstance(op, ir.Conv)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def save(path: Path, graph: ir.Graph, folding: Folding) -> None:
    """Write ``folding`` of ``graph``; the same folding gives the same bytes."""
    record = Record(
        kind=KIND,
        network=graph.name,
        digest=shape_digest(graph),
        cycles=folding.cycles,
        folds={name: to_plain(fold) for name, fold in folding.folds.items()},
    )
    plain = {name: value for name, value in vars(record).items() if name != "folds"}
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}," for name, value in plain.items()]
    folds = [f"    {json.dumps(name)}: {json.dumps(f)}" for name, f in record.folds.items()]
    text = "\n".join(["{", *lines, '  "folds": {', ",\n".join(folds), "  }", "}", ""])
    path.write_text(text, encoding="utf-8")


def load(path: Path, graph: ir.Graph) -> Folding:
    """Read a folding for ``graph``. Raises ArtifactError, also when it is for another network."""
    maker = "must be a file that `fq-hw fold` wrote"
    check_file(path, f"--fold {path}", "`fq-hw fold` makes such a file")
    try:
        record = from_plain(Record, json.loads(path.read_text(encoding="utf-8")), "file")
        require(record.kind == KIND, "kind", f"must be {KIND}", record.kind)
        folds = {n: from_plain(Fold, fold, n) for n, fold in record.folds.items()}
        require(record.cycles >= 1, "cycles", "must be at least 1", record.cycles)
    except (json.JSONDecodeError, UnicodeDecodeError, FqHwError) as error:
        raise ArtifactError(f"--fold {path}: {maker} ({error})") from error
    whose = "an older form of it" if record.network == graph.name else repr(record.network)
    contract = f"this folding is not for {graph.name!r} but for {whose}"
    hint = "make one with `fq-hw fold`"
    same = record.digest == shape_digest(graph)
    require(same, f"--fold {path}", contract, hint=hint, kind=ArtifactError)
    check_folds(graph, folds)
    return Folding(folds=folds, cycles=record.cycles)
