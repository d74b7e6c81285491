"""Files that hold a JSON record and named arrays: safetensors, so that reading runs no code.

Their metadata have a checksum of everything else: one wrong bit is refused, never believed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from fq_hw.errors import ArtifactError, require
from fq_hw.files import open_file, parse_json, read_bytes, write_bytes

__all__ = ["MOST_BYTES", "kind", "read", "write"]

MOST_BYTES = 256 * 2**20  # the largest published network has 170 MB of float32
MOST_HEADER_BYTES = 8 * 2**20  # parsed, it has 40 times as many
MOST_ELEMENTS = 2**40
KEYS = {"kind", "record", "sha256"}  # of our own part of the metadata
ENTRY = {"dtype", "shape", "data_offsets"}
TYPES = {
    "I8": "<i1", "U8": "<u1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4", "I64": "<i8",
    "U64": "<u8", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
TYPE_NAMES = {np.dtype(code): name for name, code in TYPES.items()}


def write(path: Path, kind: str, record: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """Write whole or not at all; the same content gives the same bytes.

    ``kind`` names what the file is and its format version, such as ``fq_hw.checkpoint.2``.
    """
    ordered = {}
    for name in sorted(arrays):
        code = arrays[name].dtype.newbyteorder("<")
        contract = f"array {name} must be of one of the types {', '.join(TYPES)}"
        require(code in TYPE_NAMES, f"{path}", contract, str(code), kind=ArtifactError)
        ordered[name] = np.require(arrays[name], code, "C")
    text = json.dumps(record, sort_keys=True, allow_nan=False)
    own = {"kind": kind, "record": text, "sha256": checksum(kind, text, ordered)}
    content = safetensors.numpy.save(ordered, {"fq_hw": json.dumps(own)})
    contract = f"a file of this kind has at most {MOST_BYTES:,} bytes"
    require(len(content) <= MOST_BYTES, f"{path}", contract, len(content), kind=ArtifactError)
    write_bytes(path, content)


def checksum(kind: str, record: str, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over kind, record, and name, type, shape and bytes of every array."""
    heads = [[name, TYPE_NAMES[a.dtype], a.shape] for name, a in arrays.items()]
    found = hashlib.sha256(json.dumps([kind, record, heads]).encode())
    for array in arrays.values():
        found.update(array.reshape(-1).view(np.uint8))
    return found.hexdigest()


def read(path: Path, wanted: str, maker: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Record and arrays of a file of the kind ``wanted``; ``maker`` is the command that makes it.

    Raises ArtifactError when the file is absent, damaged, foreign, or of another version.
    """
    where, hint = f"{path}", f"`{maker}` makes such a file"
    raw = read_bytes(path, where, most=MOST_BYTES, hint=hint)
    again = f"make it again with `{maker}`"
    try:
        header = parse_header(raw[8 : 8 + header_bytes(raw[:8])])
        metadata = header.pop("__metadata__", None)
        arrays = views(header, memoryview(raw)[8 + header_bytes(raw[:8]) :])
    except ArtifactError as error:
        message = f"{where}: not a whole safetensors file ({error}); {again}"
        raise ArtifactError(message) from error
    other = f"is no file of the kind {wanted}"
    ours = metadata is not None and isinstance(metadata.get("fq_hw"), str)
    require(ours, where, other, hint=hint, kind=ArtifactError)
    try:
        own = parse_json(metadata["fq_hw"], "it")
        found = claimed(own)
        require(found is not None, "it", "must name a kind", own, kind=ArtifactError)
    except ArtifactError as error:
        raise ArtifactError(f"{where}: damaged record ({error}); {again}") from error
    older = f"is of the kind {found}, which an older fq-hw wrote and which has no checksum"
    require(not is_older(found, wanted), where, older, hint=again, kind=ArtifactError)
    require(found == wanted, where, other, found, hint=hint, kind=ArtifactError)
    record = own.get("record")
    right = set(metadata) == {"fq_hw"} and set(own) == KEYS and isinstance(record, str)
    right = right and own["sha256"] == checksum(found, record, arrays)
    contract = "damaged: its checksum does not fit"
    require(right, where, contract, hint=again, kind=ArtifactError)
    plain = parse_json(record, where)
    require(isinstance(plain, dict), where, "record must be a table", plain, kind=ArtifactError)
    return plain, {name: array.copy() for name, array in arrays.items()}


def is_older(found: str, wanted: str) -> bool:
    """Whether ``found`` is an earlier version of the kind ``wanted``."""
    (family, _, version), (own, _, now) = found.rpartition("."), wanted.rpartition(".")
    numbers = all(word.isdecimal() and len(word) < 9 for word in (version, now))
    return family == own and numbers and int(version) < int(now)


def header_bytes(start: bytes) -> int:
    """The length of the header, from the first eight bytes of a file."""
    size = int.from_bytes(start, "little")
    fits = len(start) == 8 and 2 <= size <= MOST_HEADER_BYTES
    contract = f"its header must have 2 to {MOST_HEADER_BYTES:,} bytes"
    require(fits, "it", contract, size, kind=ArtifactError)
    return size


def parse_header(raw: bytes) -> dict:
    """The header: a table of tables."""
    try:
        header = parse_json(raw.decode(), "its header")
    except UnicodeDecodeError as error:
        raise ArtifactError("its header must be text in UTF-8") from error
    fits = isinstance(header, dict) and all(isinstance(e, dict) for e in header.values())
    require(fits, "its header", "must be a table of tables", header, kind=ArtifactError)
    return header


def views(header: Mapping[str, dict], content: memoryview) -> dict[str, np.ndarray]:
    """The arrays that ``header`` tells of, by name, in ``content``, which they must fill."""
    places, arrays = [], {}
    for name in sorted(header):
        entry, where = header[name], f"its array {name!r}"
        known = set(entry) == ENTRY and entry["dtype"] in list(TYPES)  # it may be a list
        contract = f"must have shape, data_offsets, and one of the types {', '.join(TYPES)}"
        require(known, where, contract, entry, kind=ArtifactError)
        shape, ends = (check_sizes(entry[key], where) for key in ("shape", "data_offsets"))
        kind = np.dtype(TYPES[entry["dtype"]])
        size = math.prod(shape) * kind.itemsize
        few = math.prod(max(n, 1) for n in shape) <= MOST_ELEMENTS  # numpy multiplies them all
        fits = few and len(ends) == 2 and ends[1] - ends[0] == size and ends[1] <= len(content)
        require(fits, where, f"needs {size:,} bytes of the file", entry, kind=ArtifactError)
        places.append(ends)
        arrays[name] = np.ndarray(shape, kind, content, ends[0])
    places.sort()
    steps = zip([[0, 0], *places], [*places, [len(content)] * 2], strict=True)
    whole = all(one[1] == other[0] for one, other in steps)
    require(whole, "it", "its arrays must fill it", len(content), kind=ArtifactError)
    return arrays


def check_sizes(sizes: object, where: str) -> list[int]:
    """``sizes`` where they are a few numbers that can be of an array."""
    fits = isinstance(sizes, list) and len(sizes) <= 8
    fits = fits and all(type(n) is int and 0 <= n <= MOST_ELEMENTS for n in sizes)
    require(fits, where, "shape and data_offsets must be sizes", sizes, kind=ArtifactError)
    return sizes


def claimed(own: object) -> str | None:
    """The kind that our part of the metadata names."""
    found = own.get("kind") if isinstance(own, dict) else None
    return found if isinstance(found, str) else None


def kind(path: Path) -> str | None:
    """The kind that ``path`` claims to be; None when it is no such file."""
    try:
        with open_file(path, f"{path}", most=MOST_BYTES) as file:
            header = parse_header(file.read(header_bytes(file.read(8))))
        own = header.get("__metadata__", {}).get("fq_hw")
        return claimed(parse_json(own, f"{path}")) if isinstance(own, str) else None
    except (ArtifactError, OSError):
        return None
