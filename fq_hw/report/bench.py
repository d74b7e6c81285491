"""Measured figures as JSON rows: name, value, unit, how, command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_rows"]

HOW = {"float", "golden", "rtl-sim", "synth", "routed"}


def write_rows(path: Path, command: str, rows: Sequence[tuple[str, object, str, str]]) -> None:
    """Write rows (name, value, unit, how); ``how`` is one of ``HOW``."""
    wrong = [row for row in rows if row[3] not in HOW]
    assert not wrong, f"not a way of measuring: {wrong}"
    keys = ("name", "value", "unit", "how")
    plain = [dict(zip(keys, row, strict=True)) | {"command": command} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=2) + "\n")
