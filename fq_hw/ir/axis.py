"""How windows lie along one side of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Axis", "Places", "sides"]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Windows of ``kernel`` taps along a side, by rows or by columns.

    stride          from a window to the next
    dilation        from a tap to the next
    before, after   places of padding on either end of the image
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @classmethod
    def half(cls, kernel: int, stride: int = 1) -> Axis:
        """Padding of half the kernel on either end."""
        return cls(kernel=kernel, stride=stride, before=kernel // 2, after=kernel // 2)

    @property
    def reach(self) -> int:
        """Places from a window's first tap to its last, both counted."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def padded(self) -> bool:
        """Whether windows may lie partly outside the image."""
        return self.before + self.after > 0

    @property
    def plain(self) -> bool:
        """Whether each place is a window of its own."""
        return self.kernel == self.stride == 1 and not self.padded

    @property
    def apart(self) -> bool:
        """Whether windows lie side by side, all of them inside."""
        return self.stride == self.kernel and self.dilation == 1 and not self.padded

    def missing(self, size: int) -> int:
        """Places of padding by which there is a window for every ``stride`` places."""
        return max((-(-size // self.stride) - 1) * self.stride + self.reach - size, 0)

    def count(self, size: int) -> int:
        """Windows along a side of ``size`` places."""
        return (size + self.before + self.after - self.reach) // self.stride + 1

    def blind(self, size: int) -> bool:
        """Whether a window has no tap inside an image of ``size``: gaps may lie around it."""
        starts = range(-self.before, self.count(size) * self.stride - self.before, self.stride)
        span = self.kernel * self.dilation
        return any(
            not any(0 <= tap < size for tap in range(start, start + span, self.dilation))
            for start in starts
        )

    def first(self, window: int) -> int:
        """First place inside the image that a window, and all later ones, may need."""
        return max(0, window * self.stride - self.before)

    def last(self, window: int, size: int) -> int:
        """Last place inside an image of ``size`` that a window needs."""
        return min(size, window * self.stride - self.before + self.reach) - 1


def sides(down: Axis, across: Axis) -> dict[str, tuple[int, ...]]:
    """What an op says of its windows beside the kernel."""
    return {
        "stride": (down.stride, across.stride),
        "dilation": (down.dilation, across.dilation),
        "padding": (down.before, across.before, down.after, across.after),
    }


@dataclass(frozen=True, kw_only=True)
class Places:
    """Which places along a side are taken: ``count`` of them, every ``step``-th from ``start`` on.

    times           how often each comes, one behind the other
    before, after   places of padding on either end
    """

    start: int = 0
    step: int = 1
    count: int
    times: int = 1
    before: int = 0
    after: int = 0

    @classmethod
    def of(cls, indices: np.ndarray) -> Places | None:
        """Those that ``indices`` lists, -1 for padding; None where they are not so even."""
        inside = np.flatnonzero(indices >= 0)
        if not len(inside):
            return None
        kept = indices[inside[0] : inside[-1] + 1]
        places, times = np.unique(kept, return_counts=True)
        found = cls(
            start=int(places[0]),
            step=int(places[1] - places[0]) if len(places) > 1 else 1,
            count=len(places),
            times=int(times[0]),
            before=int(inside[0]),
            after=len(indices) - 1 - int(inside[-1]),
        )
        return found if np.array_equal(found.indices, indices) else None

    @property
    def indices(self) -> np.ndarray:
        """The places one by one, -1 for padding."""
        kept = np.repeat(self.start + self.step * np.arange(self.count), self.times)
        return np.pad(kept, (self.before, self.after), constant_values=-1)

    @property
    def padded(self) -> bool:
        return self.before + self.after > 0

    def whole(self, size: int) -> bool:
        """Whether none of ``size`` places is left out."""
        return self.start == 0 and self.count == size

    def ends(self, size: int) -> bool:
        """Whether no more would come of ``size`` places."""
        return self.start + self.step * self.count >= size
