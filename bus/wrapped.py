"""A plan as a component with the ports of a bus."""

from __future__ import annotations

from amaranth.lib import wiring

from bus.axi_stream import AxiStream
from bus.choice import Bus, Kind
from bus.geometry import Geometry
from bus.wishbone import Wishbone
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import Schedule
from rtl_gen.top import Accelerator

__all__ = ["wrapped"]


def wrapped(plan: Plan, schedule: Schedule, bus: Bus, family: str = "plain") -> wiring.Component:
    """The accelerator of ``plan``, its ports those of ``bus``."""
    core = Accelerator(plan, family)
    if bus.kind == Kind.STREAM:
        return core
    geometry = Geometry.of(plan, bus)
    if bus.kind == Kind.WISHBONE:
        return Wishbone(core, geometry)
    return AxiStream(core, geometry, schedule)
