"""Records as files: plain JSON that names its kind, checked field by field when it is read."""

from __future__ import annotations

import json
from pathlib import Path

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_json, write_text
from fq_hw.plain import from_plain, to_plain
from fq_hw.report.records import (
    DesignRecord,
    GoldenRecord,
    PlacementRecord,
    RoutedRecord,
    SimRecord,
)

__all__ = ["DESIGN", "PLACEMENT", "ROUTED", "as_text", "load", "save"]

DESIGN, ROUTED, PLACEMENT = "design.json", "routed.json", "placement.json"  # in a build's folder
MOST_BYTES = 64 * 2**20

Record = DesignRecord | RoutedRecord | PlacementRecord | GoldenRecord | SimRecord


def as_text(record: Record) -> str:
    """A record as its file."""
    plain = {"kind": record.KIND} | dict(vars(record))
    return json.dumps(to_plain(plain), separators=(",", ":")) + "\n"


def save(path: Path, record: Record) -> None:
    """Write a record."""
    write_text(path, as_text(record))


def load(path: Path, kind: type, made_by: str):
    """Read a record of ``kind``. Raises ArtifactError naming the file and what makes it again."""
    hint = f"`{made_by}` writes it"
    plain = read_json(path, f"{path}", most=MOST_BYTES, hint=hint)
    said = plain.pop("kind", None) if isinstance(plain, dict) else None
    contract = f"must be a record {kind.KIND} of this version"
    require(said == kind.KIND, f"{path}", contract, said, hint=hint, kind=ArtifactError)
    try:
        return from_plain(kind, plain, "record")
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}; {hint}") from error
