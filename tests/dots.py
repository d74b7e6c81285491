"""What tests of dot products share: forms side by side, each with its raw bits as late as it wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.two_tree import TwoTree
from rtl_gen.dot_product import DotProduct

__all__ = ["PRIMITIVES", "Forms"]

PRIMITIVES = Path(__file__).parents[1] / "sim" / "primitives"


class Forms(wiring.Component):
    """Dot products of the same inputs in several families' forms; NAME_total is one's sum."""

    def __init__(self, tree: TwoTree, families: Sequence[str]):
        self.tree, self.families = tree, tuple(families)
        bits = tree.planes * tree.lanes
        totals = {f"{family}_total": Out(tree.sum_bits) for family in self.families}
        super().__init__({"signs": In(bits), "acts": In(bits), **totals})

    def elaborate(self, platform):
        m = Module()
        tree = self.tree
        late = {}
        for name, now in (("signs", self.signs), ("acts", self.acts)):
            delayed: list[Value] = [now]
            for n in range(tree.stages):
                held = Signal(len(now), name=f"{name}_{n}")
                m.d.sync += held.eq(delayed[-1])
                delayed.append(held)
            late[name] = Cat(
                delayed[tree.delay(plane, lane)][plane * tree.lanes + lane]
                for plane in range(tree.planes)
                for lane in range(tree.lanes)
            )
        for family in self.families:
            m.submodules[family] = dot = DotProduct(tree, family)
            plain = family == "plain"
            m.d.comb += [
                dot.signs.eq(self.signs if plain else late["signs"]),
                dot.acts.eq(self.acts if plain else late["acts"]),
                getattr(self, f"{family}_total").eq(dot.total),
            ]
        return m
