"""Resources of units and plans, predicted: block RAMs exact, LUT4 and flip-flops fitted.

Blocks are counted for every family. The prices of the rest, in calibration.json, come from
synthesised and packed units (``make calibrate``), one table per family that was fitted; they are
read once.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fq_hw.errors import require
from fq_hw.family import family_named
from fq_hw.schedule.memories import Memory, blocks, ceil_div, slices
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.units import Unit

__all__ = [
    "CALIBRATION",
    "PRICED",
    "Resources",
    "memory_blocks",
    "plan_blocks",
    "plan_resources",
    "resources",
    "wires",
]

PRICED = "ecp5"  # the family that estimates hold for, unless another is asked for
CALIBRATION = "calibration.json"  # beside this file; family -> unit kind -> resource -> prices


@dataclass(frozen=True, kw_only=True)
class Resources:
    """LUT4 positions (carry and distributed RAM included), flip-flops, blocks of the family.

    ``multipliers`` are those of the device that products lie on.
    """

    lut: int = 0
    ff: int = 0
    ebr: int = 0
    spram: int = 0
    multipliers: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            lut=self.lut + other.lut,
            ff=self.ff + other.ff,
            ebr=self.ebr + other.ebr,
            spram=self.spram + other.spram,
            multipliers=self.multipliers + other.multipliers,
        )

    def within(self, limits: Resources) -> bool:
        """Whether no kind exceeds its limit."""
        return all(count <= getattr(limits, kind) for kind, count in vars(self).items())


def memory_blocks(memories: Iterable[Memory], family: str) -> Resources:
    """What ``memories`` take on ``family``; a single port goes to SPRAM where there is any."""
    spram, taken = family_named(family, "memories").spram, Resources()
    for memory in memories:
        depth, width = memory.depth, memory.width
        if memory.single_port and spram:
            taken += Resources(spram=ceil_div(depth, spram.rows) * ceil_div(width, spram.lanes))
        elif memory.single_port and not memory.rom:
            for part in slices(depth, width):
                count = blocks(part.rows, part.bits, rom=False, family=family)
                taken += Resources(ebr=part.layers * count)
        else:
            count = blocks(depth, width, rom=memory.rom, part=memory.part, family=family)
            taken += Resources(ebr=count)
    return taken


@functools.cache
def prices(family: str) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """By unit kind and resource the price of each term."""
    text = importlib.resources.files(__package__).joinpath(CALIBRATION).read_text()
    known = json.loads(text)
    family_named(family, "resources")
    contract = (
        f"LUT4 and flip-flops were never fitted for {family}, but for {', '.join(sorted(known))}"
    )
    require(family in known, "resources", contract, hint="blocks are counted for every family")
    return known[family]["prices"]


def worth(terms: Mapping[str, float], price: Mapping[str, float]) -> float:
    """Sum of price times quantity."""
    return sum(price[name] * quantity for name, quantity in terms.items())


def resources(unit: Unit, family: str = PRICED) -> Resources:
    """Predicted resources of ``unit`` on ``family``."""
    made = unit.parts()
    price = prices(family).get(type(unit).__name__, {})  # a unit of exact counts needs none
    logic = Resources(
        lut=made.exact_lut + round(worth(made.lut, price.get("lut", {}))),
        ff=made.exact_ff + round(worth(made.ff, price.get("ff", {}))),
        multipliers=made.multipliers if family_named(family, "resources").multiplier else 0,
    )
    inside = sum((resources(one, family) for one in made.units), Resources())
    return logic + memory_blocks(made.memories, family) + inside


def wires(unit: Unit, family: str = PRICED) -> int:
    """What the bits cost in wires that come to ``unit`` out of block RAMs, or from it, in LUT4."""
    price = prices(family).get(type(unit).__name__, {})
    return round(worth(unit.parts().wires, price.get("wires", {})))


def plan_blocks(plan: Plan, family: str) -> Resources:
    """Block RAMs of all units on ``family``, whether or not its LUT4 have prices."""
    return memory_blocks((m for n in plan.nodes for m in n.unit.parts().memories), family)


def plan_resources(plan: Plan, family: str = PRICED) -> Resources:
    """Sum over all units."""
    return sum((resources(node.unit, family) for node in plan.nodes), Resources())
