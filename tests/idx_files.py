"""IDX files for tests."""

import struct

__all__ = ["idx", "write_idx"]


def idx(array):
    """The bytes of an IDX file of unsigned bytes of any shape."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(path, array):
    path.write_bytes(idx(array))
