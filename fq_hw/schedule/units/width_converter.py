"""Width converter unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process, by_turns
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
        if self.lanes_out > self.lanes_in:
            return self.pixels * self.beats_in
        return self.pixels * (self.beats_in + self.beats_out)

    def latency(self) -> int:
        """Cycles from the first input beat of an output beat to offering it."""
        return min(max(self.lanes_out // self.lanes_in, 1), self.beats_in)

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        few, many = sorted((self.beats_in, self.beats_out))
        low, high = sorted((self.lanes_in, self.lanes_out))
        ratio, widens = ceil_div(high, low), self.lanes_out == high
        each = [min(ratio, many - ratio * n) for n in range(few)]  # narrow beats of a wide one
        turns = [(n, 1) if widens else (1, n) for n in each]
        return [by_turns(i[0], o[0], turns, rest=not widens)]

    def parts(self) -> Parts:
        low, high = sorted((self.lanes_in, self.lanes_out))
        wide, ratio = high * self.bits, ceil_div(high, low)
        counts = bits(ratio) + bits(min(self.beats_in, self.beats_out))
        if self.lanes_out < self.lanes_in:
            masked = self.o.width if self.channels % self.lanes_out else 0
            return Parts(
                both={"narrow": 1, "narrow counts": counts},
                lut={"shifted": wide - self.o.width, "narrow masked": masked},
                ff={"shifted": wide},
            )
        placed, masked = wide - self.i.width, self.i.width if self.channels % self.lanes_in else 0
        return Parts(
            both={"wide": 1, "wide counts": counts},
            lut={"placed": placed, "places": ratio * bits(ratio), "wide masked": masked},
            ff={"placed": wide},
        )
