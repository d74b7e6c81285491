"""IDX files for tests."""

import struct

__all__ = ["write_idx"]


def write_idx(path, array):
    """Write unsigned bytes of any shape."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())
