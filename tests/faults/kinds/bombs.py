"""Small files that become large: zip, gzip, pictures."""

from __future__ import annotations

import gzip
import struct
import zlib

__all__ = ["gzip_bomb", "npy_head", "png", "zeros", "zip_bomb"]

MB = 2**20


def npy_head(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The header of a .npy file, 128 bytes."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + text.ljust(117).encode() + b"\n"


def zip_bomb(name: str, head: bytes, mb: int) -> bytes:
    """A zip whose one member is ``head`` and zeros, ``mb`` MB together; made without them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head + bytes(MB - len(head))) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    body = first + zeros * (mb - 1) + b"\x03\0"
    size = mb * MB
    told = struct.pack("<IIIHH", 0, len(body), min(size, 2**32 - 1), len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + told + name.encode() + body
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + told
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def zeros(size: int) -> bytes:
    """What zlib makes of ``size`` zeros, a megabyte packed once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    whole = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(size % MB)) + packer.flush()
    total = struct.pack(">I", (size % 65521) << 16 | 1)  # Adler-32 of zeros
    return b"\x78\xda" + whole * (size // MB) + rest + total


def gzip_bomb(head: bytes, mb: int) -> bytes:
    """``head`` and ``mb`` MB of zeros, a member for each."""
    return gzip.compress(head, mtime=0) + gzip.compress(bytes(MB), mtime=0) * mb


def png(width: int, height: int, rows: bytes, *extra: tuple[bytes, bytes], depth: int = 8) -> bytes:
    """A PNG of grey pixels: its size as told, its packed rows, chunks more."""
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = [(b"IHDR", head), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
