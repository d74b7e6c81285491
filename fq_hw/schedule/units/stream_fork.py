"""Stream fork unit."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.events import Channels, Process
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, FramelessUnit, PassUnit

__all__ = ["ForkUnit"]


@dataclass(frozen=True, kw_only=True)
class ForkUnit(PassUnit, FramelessUnit):
    """One stream to ``ways`` readers; each takes every beat once, in its own time."""

    ways: int = 2

    STAGES = 0

    @property
    def outs(self) -> Mapping[str, Beat]:
        return {f"o_{way}": self.o for way in range(self.ways)}

    def processes(self, i: Channels, o: Channels) -> list[Process]:
        def fork() -> Process:
            for index in itertools.count():
                offer = yield i[0].offers, index
                for channel in o:
                    channel.offers.put(offer)
                taken = []
                for channel in o:
                    ready = yield channel.readies, index
                    taken.append(max(offer, ready))
                i[0].readies.put(max(taken))

        return [fork()]

    def parts(self) -> Parts:
        pairs = self.ways * (self.ways - 1) // 2
        return Parts(lut={"pairs": pairs}, exact_ff=self.ways)
