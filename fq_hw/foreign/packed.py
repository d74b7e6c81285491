"""Packed foreign weights: bits to -1 and +1, whatever the order, as a small library."""

from __future__ import annotations

import io
import math
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import open_file
from fq_hw.ir import Graph

__all__ = ["array", "load", "signs"]


MOST_BYTES = 64 * 2**20
MOST_ARRAYS = 1_000
ENTRY = b"PK\1\2"  # how one begins in a directory
NPY_HEAD = re.compile(
    rb"\x93NUMPY[\x01\x02]\0(?s:..)(?:\0\0)?\{'descr': '([<>|][biuf][1248])', "
    rb"'fortran_order': (True|False), 'shape': \(([0-9, ]{0,80})\), \} *\n"
)


def signs(
    packed: np.ndarray, shape: tuple[int, ...], *, one: int = 1, order: str = "big"
) -> np.ndarray:
    """Bytes as an int8 array of -1 and +1 of ``shape``, its last axis fastest.

    A bit 1 is ``one`` and a bit 0 is -``one``; ``order`` says which bit of a byte comes first, as
    numpy's packbits names it. Raises ArtifactError where bytes are missing or left over.
    """
    size = math.prod(shape)
    fits = packed.dtype == np.uint8 and packed.size == -(-size // 8)
    contract = f"{size} weights must be packed into {-(-size // 8)} bytes"
    require(fits, "packed weights", contract, (packed.dtype.name, packed.shape), kind=ArtifactError)
    bits = np.unpackbits(packed.reshape(-1), bitorder=order)[:size]
    return np.where(bits, one, -one).astype(np.int8).reshape(shape)


def array(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    """The array ``name``, of ``shape`` where that is said.

    Raises ArtifactError where it is missing, of another shape, or holds NaN or infinity.
    """
    where = f"array {name!r}"
    hint = f"the file holds {', '.join(sorted(arrays)[:5])} ..."
    require(name in arrays, where, "is missing", hint=hint, kind=ArtifactError)
    found = arrays[name]
    fits = shape is None or found.shape == shape
    require(fits, where, f"must be of shape {shape}", found.shape, kind=ArtifactError)
    contract = "must hold finite numbers, but has NaN or infinity in it"
    require(np.isfinite(found).all(), where, contract, kind=ArtifactError)
    return found


def load(path: Path, builders: Mapping[str, Callable[[Mapping[str, np.ndarray]], Graph]]) -> Graph:
    """The graph of an .npz file: by the builder whose key the file holds.

    Nothing in the file is executed. Raises ArtifactError for other files.
    """
    with open_file(path, f"{path}", most=MOST_BYTES, hint="give an .npz file") as file:
        try:
            arrays = read_npz(file)
        except (BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error) as error:
            raise ArtifactError(f"{path}: is no .npz file of arrays ({error})") from error
    known = [key for key in builders if key in arrays]
    contract = f"must hold one of {', '.join(sorted(builders))}"
    require(known, str(path), contract, sorted(arrays)[:5], kind=ArtifactError)
    try:
        return builders[known[0]](arrays)
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error


def read_npz(file: BinaryIO) -> dict[str, np.ndarray]:
    """Arrays of numbers by their names. Nothing becomes larger than MOST_BYTES.

    numpy's own reader believes the sizes that the file tells.
    """
    arrays, left, packed = {}, MOST_BYTES, file.read()
    if packed.count(ENTRY) > MOST_ARRAYS:  # before zipfile makes an object of each
        raise ValueError(f"more than {MOST_ARRAYS} arrays")
    with ZipFile(io.BytesIO(packed)) as members:
        for member in members.infolist():
            if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ValueError(f"a way of packing that numpy does not use, in {member.filename}")
            with members.open(member) as content:
                raw = content.read(left + 1)
            left -= len(raw)
            if left < 0:
                raise ValueError(f"more than {MOST_BYTES:,} bytes when unpacked")
            name = member.filename.removesuffix(".npy")
            arrays[name] = read_npy(raw, name)
    return arrays


def read_npy(raw: bytes, name: str) -> np.ndarray:
    """The array of a .npy file, as numpy writes it for numbers."""
    found = NPY_HEAD.match(raw)
    if found is None:
        raise ValueError(f"{name!r} is no array of numbers")
    descr, by_columns, sizes = (part.decode() for part in found.groups())
    shape = tuple(int(size) for size in sizes.split(",") if size.strip())
    start = found.end()
    kind = np.dtype(descr)
    if math.prod(shape) * kind.itemsize != len(raw) - start or max(shape, default=0) > MOST_BYTES:
        raise ValueError(f"{name!r} has {len(raw) - start} bytes, and a shape of {sizes[:40]}")
    flat = np.frombuffer(raw, kind, offset=start)
    return flat.reshape(shape, order="F" if by_columns == "True" else "C")
