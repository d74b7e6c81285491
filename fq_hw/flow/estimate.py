"""Cycles and resources of every unit of a plan, before anything is built."""

from __future__ import annotations

import dataclasses

from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import resources
from fq_hw.schedule.units import ArrayUnit, ConvUnit, DepthwiseUnit, ProductUnit, Unit

__all__ = ["kind_of", "unit_rows"]

MULTIPLY = ArrayUnit | ConvUnit | DepthwiseUnit | ProductUnit


def kind_of(unit: Unit) -> str:
    """What a unit is, in a word."""
    return type(unit).__name__.removesuffix("Unit").lower()


def unit_rows(plan: Plan) -> list[dict]:
    """A row a unit: cycles per frame, the share of the slowest, MAC per cycle, resources."""
    rows = []
    for node in plan.nodes:
        need = resources(node.unit)
        rows.append({
            "unit": node.name,
            "kind": kind_of(node.unit),
            "cycles": node.unit.beats,
            "busy %": 100 * node.unit.beats / plan.interval_bound,
            "MAC/cycle": node.unit.macs if isinstance(node.unit, MULTIPLY) else None,
            **dataclasses.asdict(need),
        })  # fmt: skip
    return rows
