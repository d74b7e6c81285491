"""Files that hold a JSON record and named arrays: safetensors, so that reading runs no code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from fq_hw.errors import ArtifactError, require

__all__ = ["kind", "read", "write"]


def write(path: Path, kind: str, record: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """Write whole or not at all; the same content gives the same bytes.

    ``kind`` names what the file is and its format version, such as ``fq_hw.checkpoint.1``.
    """
    metadata = {"kind": kind, "record": json.dumps(record, sort_keys=True)}
    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(safetensors.numpy.save(ordered, {"fq_hw": json.dumps(metadata)}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path, wanted: str, maker: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Record and arrays of a file of the kind ``wanted``; ``maker`` is the command that makes it.

    Raises ArtifactError when the file is absent, truncated, foreign, or of another version.
    """
    where = f"{path}"
    check_file(path, where, f"`{maker}` makes such a file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError) as error:  # TypeError: a type numpy lacks
        message = f"{where}: not a whole safetensors file ({error}); make it again with `{maker}`"
        raise ArtifactError(message) from error
    other, hint = f"is no file of the kind {wanted}", f"`{maker}` makes such a file"
    require("fq_hw" in metadata, where, other, hint=hint, kind=ArtifactError)
    try:
        inner = json.loads(metadata["fq_hw"])
        found, record = inner["kind"], json.loads(inner["record"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        message = f"{where}: damaged record ({error!r}); make it again with `{maker}`"
        raise ArtifactError(message) from error
    require(found == wanted, where, other, found, hint=hint, kind=ArtifactError)
    require(isinstance(record, dict), where, "record must be a table", record, kind=ArtifactError)
    return record, arrays


def check_file(path: Path, where: str, hint: str = "") -> None:
    """Raise ArtifactError unless ``path`` is a file that one may read."""
    folder, there = Path(path).is_dir(), Path(path).exists()
    require(not folder, where, "is a folder, not a file", hint=hint, kind=ArtifactError)
    require(there, where, "there is no such file", hint=hint, kind=ArtifactError)
    chmod = "change its permissions, or who you are"
    allowed = os.access(path, os.R_OK)
    require(allowed, where, "you may not read this file", hint=chmod, kind=ArtifactError)


def kind(path: Path) -> str | None:
    """The kind that ``path`` claims to be; None when it is no such file."""
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {})["fq_hw"])["kind"]
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError):
        return None
