"""Measured figures as JSON rows: name, value, unit, how, command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fq_hw.files import read_json, write_text

__all__ = ["KEYS", "read_rows", "update_rows"]

KEYS = ("name", "value", "unit", "how", "command")

HOW = {"float", "golden", "model", "estimate", "rtl-sim", "synth", "routed", "bitstream",
       "published", "proven", "bounded"}  # fmt: skip


def update_rows(path: Path, rows: Sequence[tuple[str, object, str, str, str]]) -> None:
    """Write rows with their commands; rows of the file that have other names or units stay."""
    new = [as_plain(row) for row in rows]
    kept = read_rows(path)
    replaced = {(row["name"], row["unit"]) for row in new}
    save(path, [row for row in kept if (row["name"], row["unit"]) not in replaced] + new)


def read_rows(path: Path) -> list[dict]:
    """The rows of a file, by their keys; none where there is no file."""
    return read_json(path, f"{path}") if path.exists() else []


def as_plain(row: tuple[str, object, str, str, str]) -> dict:
    """A row by its keys; ``how`` is one of ``HOW``."""
    assert row[3] in HOW, f"not a way of measuring: {row}"
    return dict(zip(KEYS, row, strict=True))


def save(path: Path, rows: list[dict]) -> None:
    """Write them."""
    write_text(path, json.dumps(rows, indent=2) + "\n")
