"""Tensors that are another's numbers in other places: what slices, shuffles and resizing make.

The places are found by the reference itself, which moves numbers that say where they come from.
Nodes that only move numbers are taken together, for what lies between them may have any shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import Places

__all__ = ["Moved", "Step", "arrangement"]

Step = Callable[[np.ndarray], np.ndarray]
Op = tuple[str, dict[str, object]]  # its kind and fields


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """The numbers of ``x``, moved by ``steps``; what comes from outside is its ``level``."""

    x: Feature
    steps: tuple[Step, ...] = ()
    level: int | None = None
    kind: str = "a node that gives an image another number of axes"

    @cached_property
    def index(self) -> np.ndarray:
        """Which number of ``x`` stands where, counted as ONNX lays it out; -1 from outside."""
        return self.after(len(self.steps))

    def after(self, count: int) -> np.ndarray:
        """The same behind the first ``count`` steps."""
        found = np.arange(np.prod(self.x.dims)).reshape(self.x.dims).astype(np.float32)
        for step in self.steps[:count]:
            found = step(found)
        return found.astype(np.int64)


def arrangement(x: Feature, index: np.ndarray) -> tuple[list[Op], dict[str, bool]] | None:
    """The ops that make ``index`` of ``x``, and how ONNX has the result: last, flat, row.

    None where there are none.
    """
    if index.shape[:1] != (1,) or index.ndim not in (2, 3, 4) or index.max() < 0:
        return None
    if index.ndim == 2:
        if np.array_equal(index.reshape(-1), np.arange(np.prod(x.shape))):
            return [], {"flat": True}
        if x.shape[:2] != (1, 1):
            return None
        found = separable(x.shape, places(x, index.reshape(1, 1, -1)))
        return None if found is None else (found, {"flat": True})
    for last in (x.last, not x.last):
        laid = np.moveaxis(index[0], 0, -1 if not last else 0)
        if index.ndim == 3:  # a row
            laid = laid[:, None] if x.upright else laid[None]
        where = places(x, laid)
        for way in (separable, deeper, shallower):
            found = way(x.shape, where)
            if found is not None:
                return found, {"flat": False, "last": last, "row": index.ndim == 3}
    return None


def places(x: Feature, index: np.ndarray) -> np.ndarray:
    """Row, column and channel in ``x`` of each of its numbers, 3,H,W,C; -1 from outside."""
    h, w, c = x.shape
    if x.last:
        found = np.stack(np.unravel_index(index.clip(0), (h, w, c)))
    else:
        found = np.stack(np.unravel_index(index.clip(0), (c, h, w)))[[1, 2, 0]]
    return np.where(index < 0, -1, found)


def separable(shape: tuple[int, int, int], where: np.ndarray) -> list[Op] | None:
    """Rows, columns and channels each by themselves."""
    sides = [where[n].max(axis=tuple({0, 1, 2} - {n})) for n in range(3)]
    meshed = np.stack(np.meshgrid(*sides, indexing="ij"))
    if not np.array_equal(np.where((meshed < 0).any(axis=0), -1, meshed), where):
        return None
    rows, columns, order = sides
    if None in (Places.of(rows), Places.of(columns)):
        return None
    whole = [np.array_equal(side, np.arange(n)) for side, n in zip(sides, shape, strict=True)]
    found: list[Op] = []
    if not whole[2]:
        found.append(("select", {"order": order}))
    if not (whole[0] and whole[1]):
        found.append(("grid", {"rows": rows, "columns": columns}))
    return found


def deeper(shape: tuple[int, int, int], where: np.ndarray) -> list[Op] | None:
    """Blocks of pixels as one."""
    (h, w, c), made = shape, where.shape[1:]
    if h % made[0] or w % made[1] or where.min() < 0:
        return None
    down, across = h // made[0], w // made[1]
    row, column, channel = where[:, 0, 0]
    if row.max() >= down or column.max() >= across:
        return None
    order = (row * across + column) * c + channel
    ops = [("space_to_depth", {"block": [down, across]}), *reordered(order, c * down * across)]
    return ops if np.array_equal(blocks(shape, down, across)[:, :, :, order], where) else None


def blocks(shape: tuple[int, int, int], down: int, across: int) -> np.ndarray:
    """What ``SpaceToDepth`` makes of the places of an image."""
    h, w, c = shape
    found = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    found = found.reshape(3, h // down, down, w // across, across, c)
    return found.transpose(0, 1, 3, 2, 4, 5).reshape(3, h // down, w // across, -1)


def shallower(shape: tuple[int, int, int], where: np.ndarray) -> list[Op] | None:
    """Blocks of pixels out of the channels of each."""
    (h, w, c), made = shape, where.shape[1:]
    if made[0] % h or made[1] % w or where.min() < 0:
        return None
    down, across = made[0] // h, made[1] // w
    order = where[2, :down, :across].reshape(-1)
    moved = blocks(made, down, across)
    inverse = np.empty_like(where)  # each place of the source, laid out as blocks
    inverse[:, moved[0], moved[1], moved[2]] = np.stack(
        np.broadcast_arrays(np.arange(h)[:, None, None], np.arange(w)[:, None], order)
    )
    ops = [*reordered(order, c), ("depth_to_space", {"block": [down, across]})]
    return ops if np.array_equal(inverse, where) else None


def reordered(order: np.ndarray, channels: int) -> Iterator[Op]:
    """A choice of channels, unless all are there in their order."""
    if not np.array_equal(order, np.arange(channels)):
        yield "select", {"order": order}
