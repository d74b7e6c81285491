"""What we write to read again, with a check: a bit that flipped on the way is refused.

It protects from damage, not from forgers: who reads still checks what stands there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from fq_hw.errors import ArtifactError, require
from fq_hw.files.door import parse_json, read_bytes, read_text
from fq_hw.files.whole import append_line, write_bytes

__all__ = ["add_row", "read_rows", "read_sealed", "row_line", "write_sealed"]

HEAD = b"fq-hw, sha256 of what follows: "
SEAL_BYTES = len(HEAD) + 64 + 1
MOST_LOG_BYTES = 64 * 2**20
CHECK = "check"  # the last key of a row


def write_sealed(path: Path, content: bytes) -> None:
    """Write ``content`` behind a line with its checksum, whole or not at all."""
    write_bytes(path, HEAD + hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def read_sealed(path: Path, where: str, *, most: int) -> bytes:
    """What ``write_sealed`` wrote, at most ``most`` bytes.

    Raises ArtifactError, beginning with ``where``, for any other file.
    """
    raw = read_bytes(path, where, most=most + SEAL_BYTES)
    head, content = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    sealed = HEAD + hashlib.sha256(content).hexdigest().encode() + b"\n"
    require(head == sealed, where, f"{path.name} is damaged, or not ours", kind=ArtifactError)
    return content


def row_line(row: Mapping) -> str:
    """A row of a log as its line, with 64 bits over it."""
    check = hashlib.sha256(json.dumps(row).encode()).hexdigest()[:16]
    return json.dumps({**row, CHECK: check})


def add_row(path: Path, row: Mapping) -> None:
    """Add a row to a log: all of it or nothing."""
    append_line(path, row_line(row))


def read_rows(path: Path, where: str, *, bare: bool = False) -> list[dict]:
    """The rows of a log; a last line without its end, which a crash has torn, does not count.

    ``bare``: rows without a check are taken too, as an earlier version wrote them.
    Raises ArtifactError, beginning with ``where``, where a line is damaged.
    """
    text, rows = read_text(path, where, most=MOST_LOG_BYTES), []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        place = f"{where}: line {number} of {path.name}"
        row = parse_json(line, place)
        require(isinstance(row, dict), place, "must be a table", row, kind=ArtifactError)
        unchecked = row.pop(CHECK, None) is None
        good = line == row_line(row) or (bare and unchecked)
        require(good, place, "is damaged, or not ours", kind=ArtifactError)
        rows.append(row)
    return rows
