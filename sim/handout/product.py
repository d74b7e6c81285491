"""What a user of the Verilog has to know of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from bus import Bus, Kind
from bus.geometry import Geometry
from fq_hw.errors import require
from fq_hw.files import check_identifier
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import Schedule
from fq_hw.schedule.units import ResultUnit
from rtl_gen.dot_product import FAMILIES
from sim.primitives import twins

__all__ = ["Product", "check_top", "quoted"]

PRIMITIVES = frozenset(
    name
    for family in FAMILIES
    for text in twins(family).values()
    for name in re.findall(r"(?m)^module (\w+)", text)
)


def check_top(name: str) -> None:
    """Refuse what cannot name a design's module."""
    check_identifier(name, "--top")
    contract = "is the name of a primitive of an FPGA family"
    require(name not in PRIMITIVES, "--top", contract, name, hint="add a word")


def quoted(name: str) -> str:
    """Any printable text, safe in a comment: plain ASCII that cannot end in a backslash."""
    return json.dumps(name).replace("`", "\\u0060")


@dataclass(frozen=True, kw_only=True)
class Product:
    """A plan as a module of the name ``top``, its dot products in the form of ``family``.

    Its ports are those of ``bus``. ``classes`` names the labels, label 0 first; it is empty where
    nobody knows them.
    """

    plan: Plan
    schedule: Schedule
    top: str = "accelerator"
    family: str = "plain"
    classes: tuple[str, ...] = ()
    bus: Bus = Bus()

    def __post_init__(self) -> None:
        check_top(self.top)

    @property
    def kind(self) -> Kind:
        """Which ports it has."""
        return Kind(self.bus.kind)

    @property
    def geometry(self) -> Geometry:
        """A frame and a result on the bus; plain streams have none."""
        return Geometry.of(self.plan, self.bus)

    @property
    def in_bits(self) -> int:
        """Width of ``i_data``."""
        return 8 * self.plan.image[2]

    @property
    def result(self) -> ResultUnit:
        """What gives the results."""
        return self.plan.result
