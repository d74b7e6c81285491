"""Residual adder unit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fq_hw.schedule.events import Channel, Process, Times, offer_each
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, FramelessUnit
from fq_hw.schedule.units.join import JoinUnit

__all__ = ["AddUnit"]


@dataclass(frozen=True, kw_only=True)
class AddUnit(JoinUnit, FramelessUnit):
    """Integer residual adder: beat by beat a * 2**shift[0] + b * 2**shift[1], in ``out_bits``."""

    out_bits: int
    shift: tuple[int, int] = (0, 0)

    @property
    def o(self) -> Beat:
        return Beat(lanes=self.lanes, bits=self.out_bits)

    def latency(self) -> int:
        """Cycles from taking both beats to offering the sum."""
        return 1

    def processes(
        self, i: Sequence[Channel], o: Sequence[Channel], new: Callable[[], Times]
    ) -> list[Process]:
        summed, accepted = new(), new()

        def join() -> Process:
            taken = -1
            for index in itertools.count():
                offers = []
                for channel in i:
                    offers.append((yield channel.offers, index))
                taken = max(taken + 1, *offers)
                if index >= 2:  # two sums have places to wait
                    taken = max(taken, 1 + (yield accepted, index - 2))
                for channel in i:
                    channel.readies.put(taken)
                summed.put(taken + 1)

        return [join(), offer_each(summed, o[0], accepted)]

    def parts(self) -> Parts:
        carry = self.lanes * (self.out_bits + self.out_bits % 2)
        return Parts(
            lut={"fixed": 1, "carry": carry, "lanes": self.lanes},
            ff={"fixed": 1, "out": self.o.width},
        )
