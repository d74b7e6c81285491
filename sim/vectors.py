"""Beats for a lone unit, and what makes them; ``sim.zoo`` has what each kind of unit gives."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fq_hw.errors import GraphError
from fq_hw.schedule.units import Beat, Unit, ceil_div

__all__ = ["Vectors", "in_lanes", "make", "noise", "pack", "with_blanks"]

Beats = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Beats in and out by port, as integers; ``contents`` fills the component's ROM or table.

    ``frames`` is the number of frames back to back, for units that know frames; ``ignore`` the
    bits of an output, beat by beat, that may be anything; ``late`` the cycles by which a port's
    payloads come after their transfers, where they do.
    """

    i: Mapping[str, Beats]
    o: Mapping[str, Beats]
    ignore: Mapping[str, Beats] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)
    frames: int = 1
    contents: np.ndarray | None = None

    @property
    def endless(self) -> bool:
        """Whether the output goes on for ever: nothing goes in."""
        return not self.i

    @property
    def limit(self) -> int:
        """Cycles within which all beats move, whatever the stalls; more mean a deadlock."""
        return 500 + 40 * sum(len(beats) for beats in (*self.i.values(), *self.o.values()))


def pack(lanes: np.ndarray, bits: int) -> Beats:
    """Beats of shape (...,lanes) as integers, lane 0 lowest, two's complement."""
    rows = lanes.reshape(-1, lanes.shape[-1]).tolist()
    mask = (1 << bits) - 1
    return tuple(sum((v & mask) << (n * bits) for n, v in enumerate(row)) for row in rows)


def with_blanks(lanes: np.ndarray, bits: int, blank: np.ndarray) -> Beats:
    """Beats of shape (...,lanes) with ``blank`` (...,blanks, or 0) above them."""
    if not blank.shape[-1]:
        return pack(lanes, bits)
    above = lanes.shape[-1] * bits
    both = zip(pack(lanes, bits), pack(blank, 1), strict=True)
    return tuple(levels | blanks << above for levels, blanks in both)


def noise(dice: np.random.Generator, beat: Beat, *shape: int) -> np.ndarray:
    """Random lanes, the extreme values among them more often than by chance."""
    low = -(2 ** (beat.bits - 1)) if beat.signed else 0
    high = low + 2**beat.bits - 1
    even = dice.integers(low, high + 1, shape)
    edge = dice.choice(np.array([low, high]), shape)
    return np.where(dice.random(shape) < 0.25, edge, even)


def in_lanes(channels: np.ndarray, lanes: int) -> np.ndarray:
    """Channels (...,C) as beats (...,folds,lanes); lanes beyond the last channel hold 0."""
    folds = ceil_div(channels.shape[-1], lanes)
    padded = np.zeros((*channels.shape[:-1], folds * lanes), np.int64)
    padded[..., : channels.shape[-1]] = channels
    return padded.reshape(*channels.shape[:-1], folds, lanes)


@functools.singledispatch
def make(unit: Unit, dice: np.random.Generator, frames: int) -> Vectors:
    """Vectors of ``unit`` for ``frames`` frames back to back; each kind registers its own."""
    raise GraphError(
        f"{type(unit).__name__}: has no vectors; register them beside its row in sim/zoo"
    )
