"""A design handed over to the tools of a vendor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fq_hw.errors import one_of, require
from fq_hw.family import FAMILIES
from fq_hw.flow.design import Design

__all__ = ["VENDORS", "PackageGoal", "Packaged"]

VENDORS = tuple(family.name for family in FAMILIES.values() if family.vendor)


@dataclass(frozen=True, kw_only=True)
class Packaged:
    """The folder, and what its design takes by Yosys's synthesis: not placed, not routed."""

    folder: Path
    cells: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class PackageGoal:
    """What is wanted: ``family`` of VENDORS, ``clock`` in MHz, ``baud`` of the UART, a folder."""

    family: str
    clock: float = 100.0
    baud: int | None = None
    out: Path | None = None

    def check(self) -> None:
        """Raise ParameterError, naming the option, where something is none."""
        from boards.protocol import BAUD
        from boards.uart import divisor

        one_of(self.family, VENDORS, "--family", f"must be one of {', '.join(VENDORS)}")
        usual = math.isfinite(self.clock) and 1 <= self.clock <= 1000
        require(usual, "--clock", "must be in 1..1000 MHz", self.clock)
        divisor(self.clock * 1e6, self.baud or BAUD)

    def write(self, design: Design, report: Callable[[str], None] = lambda _: None) -> Packaged:
        """Write it. Raises ParameterError where weights lie outside the chip."""
        from boards.package import PackageTop, write
        from boards.protocol import BAUD
        from boards.rates import info_of
        from rtl_gen.top import Accelerator

        self.check()
        plan, family, baud = design.plan, FAMILIES[self.family], self.baud or BAUD
        inside, hint = plan.sdram is None, "`fq-hw rtl` gives the network with its memory's pins"
        require(inside, "--family", "gets no memory outside the chip", self.family, hint=hint)
        default = f"build/{plan.name}-{design.hardware.tag(plan.name)}-{family.name}"
        folder = self.out or Path(default)
        cells = write(
            PackageTop(Accelerator(plan), info_of(plan), self.clock * 1e6, baud),
            plan.name, family, clock_mhz=self.clock, baud=baud, folder=folder, report=report,
        )  # fmt: skip
        return Packaged(folder=folder, cells=cells)
