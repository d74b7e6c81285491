"""The dot product of one PE: as a plain adder tree, or on the carry chains of an FPGA family."""

from __future__ import annotations

import operator
from typing import NamedTuple

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import FoldingError, one_of
from fq_hw.family import FAMILIES as KNOWN
from fq_hw.family import Carry
from fq_hw.schedule.two_tree import TwoTree
from rtl_gen import carry_ecp5, carry_gowin, carry_ice40
from rtl_gen.carry_nets import Nets

__all__ = ["FAMILIES", "Dot", "DotInstance", "DotProduct"]


CHAINS = {"CCU2C": carry_ecp5.chain, "ALU": carry_gowin.chain, "SB_CARRY": carry_ice40.chain}
FAMILIES = tuple(  # forms that a design can name: carry chains, or none for any device
    name for name, family in KNOWN.items() if family.carry or not family.synthesis
)


class DotProduct(wiring.Component):
    """Sum over lanes and planes of 2**plane * (act ^ sign): a dot product but for a constant.

    Members     signs, acts: In(planes * lanes bits), plane by plane, lane 0 lowest
                total: Out(u<sum_bits>)
    Units       sign 1 means weight -1: the activation's bits count inverted; where it is ``masked``
                the bits are act & sign: sign 1 means weight 1, and 0 means 0
    Latency     tree.stages cycles; the form of a family wants raw bits ``tree.delays`` cycles late,
                the plain form wants them at once
    Throughput  a sum per cycle; there is no enable
    Path        levels_per_stage adders between registers, which have no reset
    Resources   cells per MAC, 64 lanes of 2 planes: ecp5 2.94, gowin and ice40 4.36; plain takes
                more in every family (docs/decisions/0007-carry-chains.md)
    Errors      refuses a family that has no form
    Source      fq_hw.schedule.two_tree; every form is proven equal to the plain one in tests
    """

    def __init__(self, tree: TwoTree, family: str = "plain", masked: bool = False):
        contract = f"family must be one of {', '.join(FAMILIES)}"
        one_of(family, FAMILIES, "DotProduct", contract, kind=FoldingError)
        self.tree, self.family = tree, family
        self.gate = operator.and_ if masked else operator.xor
        bits = tree.planes * tree.lanes
        super().__init__({"signs": In(bits), "acts": In(bits), "total": Out(tree.sum_bits)})

    def elaborate(self, platform):
        m = Module()
        if carry := KNOWN[self.family].carry:
            self.carry_chains(m, carry)
        else:
            self.plain(m)
        return m

    def plain(self, m: Module) -> None:
        """A balanced tree, its registers spread over the levels."""
        tree, lanes = self.tree, self.tree.lanes
        raw = Signal(tree.planes * lanes)
        m.d.comb += raw.eq(self.gate(self.acts, self.signs))
        terms: list[Value] = [
            Cat(raw[plane * lanes + lane] for plane in range(tree.planes)) for lane in range(lanes)
        ]
        levels, placed, level = max((lanes - 1).bit_length(), 1), 0, 0
        while len(terms) > 1 or placed < tree.stages:
            if len(terms) > 1:
                pairs = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)]
                terms = pairs + terms[len(pairs) * 2 :]
            level += 1
            while placed < min(level * tree.stages // levels, tree.stages):
                held = [
                    Signal(len(term), name=f"sum_{placed}_{n}", reset_less=True)
                    for n, term in enumerate(terms)
                ]
                m.d.sync += [now.eq(term) for now, term in zip(held, terms, strict=True)]
                terms, placed = held, placed + 1
        m.d.comb += self.total.eq(terms[0])

    def carry_chains(self, m: Module, carry: Carry) -> None:
        """The chains of the family's cells; registers where the tree has them."""
        tree, chain = self.tree, CHAINS[carry.cell]
        outs = [p.out for positions in tree.chains for p in positions if p.out is not None]
        wires = {wire: Signal(name=f"sum_{n}") for n, wire in enumerate(outs)}
        held = Signal(max(len(tree.registers), 1), reset_less=True)
        wires |= {out: held[n] for n, (out, _) in enumerate(tree.registers)}
        if tree.registers:
            m.d.sync += held.eq(Cat(wires[before] for _, before in tree.registers))
        total = Cat(wires[bit] for bit in tree.total)
        m.d.comb += self.total.eq(~total if carry.inverted else total)

        nets = Nets(wires, self.signs, self.acts, tree.lanes, self.gate)
        for number, positions in enumerate(tree.chains):
            chain(m, f"chain_{number}", positions, nets)


class Dot(NamedTuple):
    """What makes one dot product's module differ from another's."""

    tree: TwoTree
    family: str
    masked: bool = False

    @property
    def name(self) -> str:
        """The module's name, for who reads the text; nothing reads it back."""
        tree, kind = self.tree, "mask" if self.masked else "dot"
        return f"{kind}_{self.family}_{tree.lanes}_{tree.planes}_{tree.levels_per_stage or 0}"


class DotInstance(Instance):
    """A dot product as an instance: ``rtl_gen.emit`` makes the module of each ``dot`` once."""

    def __init__(self, dot: Dot, *, signs: Value, acts: Value, total: Value):
        self.dot = dot
        clock = {"i_clk": ClockSignal()} if dot.tree.stages else {}
        super().__init__(dot.name, i_signs=signs, i_acts=acts, o_total=total, **clock)
