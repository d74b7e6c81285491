"""Packed foreign weights: bits to -1 and +1, whatever the order, as a small library."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.ir import Graph

__all__ = ["array", "load", "signs"]


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
    hint = "give an .npz file"
    require(path.is_file(), str(path), "there is no such file", hint=hint, kind=ArtifactError)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (BadZipFile, ValueError, OSError, EOFError, zlib.error) as error:
        raise ArtifactError(f"{path}: is no .npz file of arrays ({error})") from error
    for name, found in arrays.items():
        numbers = isinstance(found, np.ndarray) and found.dtype.kind in "biuf"
        contract = f"{name!r} must be an array of numbers"
        require(numbers, str(path), contract, kind=ArtifactError)
    known = [key for key in builders if key in arrays]
    contract = f"must hold one of {', '.join(sorted(builders))}"
    require(known, str(path), contract, sorted(arrays)[:5], kind=ArtifactError)
    try:
        return builders[known[0]](arrays)
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error
