"""Width converter unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times
from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import Beat, Unit

__all__ = ["ConvertUnit"]


@dataclass(frozen=True, kw_only=True)
class ConvertUnit(Unit):
    """Width converter: pixels of ``channels``, beats of ``lanes_in`` in and ``lanes_out`` out.

    One of the two must divide the other, unless a beat in holds a whole pixel. Lanes beyond the
    last channel are 0 on the way out and ignored on the way in.
    """

    channels: int
    pixels: int
    lanes_in: int
    lanes_out: int
    bits: int
    signed: bool = False

    def __post_init__(self) -> None:
        low, high = sorted((self.lanes_in, self.lanes_out))
        whole = self.lanes_in == high and self.channels <= high
        self.check(
            low >= 1 and (high % low == 0 or whole),
            f"lanes_in={self.lanes_in} and lanes_out must divide one the other",
            self.lanes_out,
        )
        self.check(low != high, "lanes_in and lanes_out must differ", low)

    @property
    def i(self) -> Beat:
        return Beat(lanes=self.lanes_in, bits=self.bits, signed=self.signed)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes_out, bits=self.bits, signed=self.signed)

    @property
    def beats_in(self) -> int:
        """Input beats of a pixel."""
        return ceil_div(self.channels, self.lanes_in)

    @property
    def beats_out(self) -> int:
        """Output beats of a pixel."""
        return ceil_div(self.channels, self.lanes_out)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        if self.lanes_out > self.lanes_in:
            return self.pixels * self.beats_in
        return self.pixels * (self.beats_in + self.beats_out)

    def latency(self) -> int:
        """Cycles from the first input beat of an output beat to offering it."""
        return min(max(self.lanes_out // self.lanes_in, 1), self.beats_in)

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        ratio, parts_in = self.lanes_out // self.lanes_in, ceil_div(self.lanes_in, self.lanes_out)

        def up() -> Process:
            free = 0
            while True:
                left = self.beats_in
                while left:
                    for _ in range(min(ratio, left)):
                        taken = yield from i[0].take(free)
                        free = taken + 1
                    left -= min(ratio, left)
                    free = yield from o[0].give(taken + 1)

        def down() -> Process:
            free = 0
            while True:
                parts = self.beats_out
                for _ in range(self.beats_in):
                    taken = yield from i[0].take(free)
                    free = taken + 1
                    for _ in range(min(parts_in, parts)):
                        free = 1 + (yield from o[0].give(free))
                    parts -= min(parts_in, parts)

        return [up() if ratio else down()]

    def parts(self) -> Parts:
        low, high = sorted((self.lanes_in, self.lanes_out))
        wide, ratio = high * self.bits, ceil_div(high, low)
        counts = bits(ratio) + bits(min(self.beats_in, self.beats_out))
        if self.lanes_out < self.lanes_in:
            masked = self.o.width if self.channels % self.lanes_out else 0
            return Parts(
                lut={
                    "narrow": 1,
                    "shifted": wide - self.o.width,
                    "narrow counts": counts,
                    "narrow masked": masked,
                },
                ff={"narrow": 1, "shifted": wide, "narrow counts": counts},
            )
        masked = self.i.width if self.channels % self.lanes_in else 0
        return Parts(
            lut={
                "wide": 1,
                "placed": wide - low * self.bits,
                "places": ratio * bits(ratio),
                "wide counts": counts,
                "wide masked": masked,
            },
            ff={"wide": 1, "placed": wide, "wide counts": counts},
        )
