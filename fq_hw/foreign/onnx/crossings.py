"""Where the code of a quantizer changes, over the integers that a function of them is given for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.curves import Curve

__all__ = ["Crossings", "crossings"]

MOST_PLACES = 2**24  # that are looked at in one step
Codes = Callable[[np.ndarray], np.ndarray]  # of float32 C,N


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossings:
    """Codes of integers: ``first`` (C) at the lowest, then one more from each of ``ups`` on, and
    one less from each of ``downs`` on; a place that counts twice is there twice.
    """

    first: np.ndarray
    ups: list[np.ndarray]
    downs: list[np.ndarray]

    @classmethod
    def at(
        cls, first: np.ndarray, channel: np.ndarray, place: np.ndarray, by: np.ndarray
    ) -> Crossings:
        """Of places where codes change, and by how much."""
        order = np.argsort(channel, kind="stable")
        rows = np.split(order, np.searchsorted(channel[order], np.arange(1, len(first))))
        ups, downs = (
            [np.sort(np.repeat(place[here], signed[here].clip(0))) for here in rows]
            for signed in (by, -by)
        )
        return cls(first=first, ups=ups, downs=downs)

    @classmethod
    def of(cls, codes: np.ndarray) -> Crossings:
        """Of the codes C,N of the integers 0..N-1."""
        by = np.diff(codes.astype(np.int64), axis=1)
        channel, place = np.nonzero(by)
        return cls.at(codes[:, 0], channel, place + 1, by[channel, place])


def crossings(
    curve: Curve, codes: Codes, low: np.ndarray, high: np.ndarray, steps: int, where: str
) -> Crossings:
    """Those of the codes 0..``steps`` of a curve over the integers low..high, int64 C each.

    Each is the reference's own code of one integer. Raises GraphError where a function turns around
    over so many integers that they cannot be looked at.
    """
    ends = np.stack([low, high], axis=1)
    first, last = codes(curve.value(ends.astype(np.float64), 0)).astype(np.int64).T
    if curve.monotone:
        rises = np.where(last >= first, 1, -1)[:, None]
        reached = searched(curve, codes, low, high, steps, rises)
        here = (reached > low[:, None]) & (reached <= high[:, None])
        channel, index = np.nonzero(here)
        return Crossings.at(first, channel, reached[channel, index], rises[channel, 0])
    return Crossings.at(first, *found(curve, codes, ends, where))


def searched(
    curve: Curve, codes: Codes, low: np.ndarray, high: np.ndarray, steps: int, rises: np.ndarray
) -> np.ndarray:
    """The first integers C,T at which a code that rises is reached, or one that falls is left."""
    wanted = np.arange(1, steps + 1)
    before = np.tile(low[:, None] - 1, (1, steps))  # not yet there
    after = np.tile(high[:, None] + 1, (1, steps))
    while (after - before > 1).any():
        middle = (before + after) >> 1
        inside = middle.clip(low[:, None], high[:, None])
        code = codes(curve.value(inside.astype(np.float64), 0))
        there = np.where(rises > 0, code >= wanted, code < wanted)
        open_ = after - before > 1
        after = np.where(open_ & there, middle, after)
        before = np.where(open_ & ~there, middle, before)
    return after


def found(
    curve: Curve, codes: Codes, ends: np.ndarray, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channels, places and sizes of all changes between the ``ends`` (C,2).

    Stretches are halved until all values between their ends have one code.
    """
    channel, stretch = np.arange(len(ends)), ends
    changes = []

    def read(x: np.ndarray) -> np.ndarray:
        return codes(curve.value(x, 0)).astype(np.int64)

    def around(x: np.ndarray) -> np.ndarray:
        bounds = curve.bounds(x[:, ::2], x[:, 1::2])
        found = [codes(bound.astype(np.float32)).astype(np.int64) for bound in bounds]
        return np.stack(found, axis=2).reshape(x.shape)

    while len(channel):
        contract = "a function that turns around reads too many different sums"
        hint = "put a quantizer of at most 8 bits before it too"
        fits = len(ends) * int(np.bincount(channel).max()) <= MOST_PLACES
        require(fits, where, contract, int(np.ptp(ends, axis=1).max()), hint=hint, kind=GraphError)
        code = in_rows(channel, stretch, len(ends), read)
        short = np.diff(stretch, axis=1)[:, 0] <= 1
        by = code[:, 1] - code[:, 0]
        kept = short & (by != 0)
        changes.append((channel[kept], stretch[kept, 1], by[kept]))
        channel, stretch = channel[~short], stretch[~short]
        if not len(channel):
            break
        reach = in_rows(channel, stretch, len(ends), around)
        open_ = reach[:, 0] != reach[:, 1]
        channel, stretch = np.repeat(channel[open_], 2), np.repeat(stretch[open_], 2, axis=0)
        middle = stretch.sum(axis=1) >> 1
        stretch[::2, 1], stretch[1::2, 0] = middle[::2], middle[1::2]
    channel, place, by = (np.concatenate(part) for part in zip(*changes, strict=True))
    return channel, place, by


def in_rows(
    channel: np.ndarray, given: np.ndarray, count: int, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """What a function of rows C,N makes of pairs of integers, each in the row of its channel."""
    place = np.arange(len(channel)) - np.searchsorted(channel, channel)  # channels ascend
    rows = np.zeros((count, 2 * (int(place.max()) + 1)))
    at = channel[:, None], 2 * place[:, None] + np.arange(2)
    rows[at] = given
    return function(rows)[at]
