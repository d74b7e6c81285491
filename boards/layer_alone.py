"""One convolution layer alone, with its window, weights, reordering and thresholds, to measure."""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.conv_parts import ConvSite, conv_parts
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.plan import Node, Plan, Source
from fq_hw.schedule.units import ConvUnit, RomUnit, ThresholdUnit
from rtl_gen.component import Target
from rtl_gen.top import Segment

__all__ = ["layer_alone"]


def layer_alone(site: ConvSite, fold: Fold, family: str, seed: int = 0) -> tuple[Segment, ConvUnit]:
    """The layer as hardware, weights and thresholds drawn at random, and its engine's record."""
    parts, dice = conv_parts(site, fold), np.random.default_rng(seed)

    def rom(name: str, unit: RomUnit) -> Node:
        contents = dice.integers(0, 2, (unit.depth, unit.width))
        return Node(name=name, unit=unit, inputs=(), fill=lambda: contents)

    nodes, at = [], Source(Plan.INPUT)
    chain = [*parts.before, (".window", parts.window), ("", parts.engine), *parts.after]
    for ending, unit in chain:
        inputs = (at,)
        if unit is parts.engine:
            nodes.append(rom("weights", parts.weights))
            inputs = at, Source("weights")
        nodes.append(Node(name=f"{site.name}{ending}", unit=unit, inputs=inputs))
        at = Source(nodes[-1].name)
    bits = parts.engine.raw_bits
    threshold = ThresholdUnit(
        channels=site.cout,
        pixels=parts.engine.pixels,
        lanes=site.lanes_out,
        in_bits=bits,
        level_bits=bits,
        out_bits=site.act_bits,
    )
    nodes.append(rom("levels", RomUnit(depth=threshold.slices, width=threshold.i_level.width)))
    nodes.append(Node(name="threshold", unit=threshold, inputs=(at, Source("levels"))))
    return Segment(nodes, Target(family=family)), parts.engine
