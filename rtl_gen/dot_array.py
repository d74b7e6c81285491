"""Dot products side by side, and the registers that bring each bit when its adder wants it."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value

from fq_hw.family import FAMILIES
from fq_hw.schedule.two_tree import TwoTree
from rtl_gen.dot_product import Dot, DotInstance, DotProduct

__all__ = ["DotArray"]


class Delayed:
    """A word of bits, and the same bits later: registers are made for what is asked, once.

    Where they are ``kept`` synthesis does not merge them with their twins for other PEs
    (boards.netlist), and need not be reset.
    """

    def __init__(self, m: Module, word: Value, name: str, kept: bool):
        self.m, self.word, self.name, self.kept = m, word, name, kept
        self.later: dict[tuple[int, int], Signal] = {}

    def __call__(self, bit: int, cycles: int) -> Value:
        """Bit ``bit`` as it was ``cycles`` ago."""
        if not cycles:
            return self.word[bit]
        if (bit, cycles) not in self.later:
            before = self(bit, cycles - 1)
            held = register(1, f"{self.name}_{cycles}_{bit}", self.kept)
            self.later[bit, cycles] = held
            self.m.d.sync += held.eq(before)
        return self.later[bit, cycles]


def register(width: int, name: str, kept: bool) -> Signal:
    """A register of ``Delayed``."""
    more = {"attrs": {"keep": "true"}, "reset_less": True} if kept else {}
    return Signal(width, name=name, **more)


class DotArray:
    """What the dot products of a module have in common: their tree, their form, their bits.

    ``family`` names the form of the dot products (rtl_gen.dot_product), None for a plain one with
    nothing to link; ``kept`` gives every word that is delayed a copy of its own.
    """

    def __init__(
        self, m: Module, tree: TwoTree, family: str | None, *, masked: bool = False, kept: bool
    ):
        self.m, self.tree, self.family = m, tree, family
        self.masked, self.kept = masked, kept

    def acts(self, word: Value, name: str) -> Signal:
        """Activations, lane by lane, as raw bits."""
        return self.raw(word, name, self.tree.planes, 1)

    def signs(self, word: Value, name: str) -> Signal:
        """Weight bits, one for all planes of a lane, as raw bits."""
        return self.raw(word, name, 1, 0)

    def raw(self, word: Value, name: str, width: int, stride: int) -> Signal:
        """Raw bits plane by plane, each as late as its adder wants it."""
        tree, m = self.tree, self.m
        chained = self.family is not None and FAMILIES[self.family].carry
        if self.kept:
            copy = register(len(word), f"{name}_0", kept=True)
            m.d.sync += copy.eq(word)
            word = copy
        delayed = Delayed(m, word, name, self.kept)
        out = Signal(tree.planes * tree.lanes, name=f"{name}_raw")
        m.d.comb += out.eq(
            Cat(
                delayed(lane * width + plane * stride, chained and tree.delays[plane][lane])
                for plane in range(tree.planes)
                for lane in range(tree.lanes)
            )
        )
        return out

    def dot(self, signs: Value, acts: Value, name: str) -> Signal:
        """A dot product; by name, unless everything is to be in one piece."""
        m, tree = self.m, self.tree
        total = Signal(tree.sum_bits, name=f"dot_{name}")
        if self.family is not None:
            kind = Dot(tree, self.family, self.masked)
            m.submodules[f"dot_{name}"] = DotInstance(kind, signs=signs, acts=acts, total=total)
            return total
        m.submodules[f"dot_{name}"] = part = DotProduct(tree, masked=self.masked)
        m.d.comb += [part.signs.eq(signs), part.acts.eq(acts), total.eq(part.total)]
        return total
