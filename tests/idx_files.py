"""IDX files for tests."""

import struct

import numpy as np

__all__ = ["idx", "write_idx", "write_rows"]


def idx(array):
    """The bytes of an IDX file of unsigned bytes of any shape."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(path, array):
    path.write_bytes(idx(array))


def write_rows(folder, train, test, noise=60, bright=150):
    """A set of 8 x 8 grey images of three classes, which the brightest row tells."""
    dice = np.random.default_rng(0)
    for stem, count in (("train", train), ("t10k", test)):
        labels = (np.arange(count) % 3).astype(np.uint8)
        images = dice.integers(0, noise, (count, 8, 8), np.uint8)
        images[np.arange(count), 1 + 2 * labels] += bright
        write_idx(folder / f"{stem}-images-idx3-ubyte", images)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", labels)
