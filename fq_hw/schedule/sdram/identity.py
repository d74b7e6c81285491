"""By what an SDRAM's words are known to be those of a design."""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["identity_of"]


def identity_of(contents: np.ndarray) -> int:
    """A number of 32 bits for bits or numbers of ``contents``; other contents have another."""
    whole = np.ascontiguousarray(contents, "<i8")
    return zlib.crc32(repr(contents.shape).encode(), zlib.crc32(whole.tobytes()))
