"""Stream fork unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fq_hw.schedule.parts import Parts
from fq_hw.schedule.steps import Channels, Process, Put, Rest, Steps, Wait
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
        fork = Steps(
            Wait(i[0].offers),
            *(Put(way.offers) for way in o),
            *(Wait(way.readies) for way in o),
            Put(i[0].readies),
            Rest(1),
        )
        return [fork]

    def parts(self) -> Parts:
        pairs = self.ways * (self.ways - 1) // 2
        return Parts(lut={"pairs": pairs}, exact_ff=self.ways)
