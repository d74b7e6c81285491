"""The dot product of one PE: as a plain adder tree, or on the carry chains of an FPGA family."""

from __future__ import annotations

import re

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.two_tree import Bit, Position, Raw, TwoTree, build

__all__ = ["FAMILIES", "DotProduct", "instance", "named"]

FAMILIES = ("plain", "ecp5")  # forms that a design can name


class DotProduct(wiring.Component):
    """Sum over lanes and planes of 2**plane * (act ^ sign): a dot product but for a constant.

    Members     signs, acts: In(planes * lanes bits), plane by plane, lane 0 lowest
                total: Out(u<sum_bits>)
    Units       sign 1 means weight -1: the activation's bits count inverted
    Latency     tree.stages cycles; the form of a family wants raw bits ``tree.delay`` cycles late,
                the plain form wants them at once
    Throughput  a sum per cycle; there is no enable
    Path        levels_per_stage adders between registers
    Resources   ecp5: tree.positions LUT4; plain: about twice that
    Errors      refuses a family that has no form
    Source      measured structures in docs/decisions; proven equal in tests
    """

    def __init__(self, tree: TwoTree, family: str = "plain"):
        require(family in FAMILIES, "DotProduct", f"family must be in {FAMILIES}", family,
                FoldingError)  # fmt: skip
        self.tree, self.family = tree, family
        bits = tree.planes * tree.lanes
        super().__init__({"signs": In(bits), "acts": In(bits), "total": Out(tree.sum_bits)})

    def elaborate(self, platform):
        m = Module()
        if self.family == "plain":
            self.plain(m)
        else:
            self.carry_chains(m)
        return m

    def plain(self, m: Module) -> None:
        """A balanced tree, its registers spread over the levels."""
        tree, lanes = self.tree, self.tree.lanes
        raw = Signal(tree.planes * lanes)
        m.d.comb += raw.eq(self.acts ^ self.signs)
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

    def carry_chains(self, m: Module) -> None:
        """One primitive per pair of positions; registers where the tree has them."""
        tree = self.tree
        outs = [p.out for chain in tree.chains for p in chain if p.out is not None]
        place = {wire: n for n, wire in enumerate(outs)}
        sums, held = Signal(len(outs)), Signal(max(len(tree.registers), 1), reset_less=True)
        wires = {wire: sums[n] for wire, n in place.items()}
        wires |= {out: held[n] for n, (out, _) in enumerate(tree.registers)}
        if tree.registers:
            m.d.sync += held.eq(Cat(wires[before] for _, before in tree.registers))
        m.d.comb += self.total.eq(Cat(wires[bit] for bit in tree.total))
        for number, chain in enumerate(tree.chains):
            carry = None
            for n in range(0, len(chain), 2):
                pair = [*chain[n : n + 2], None][:2]
                ends = n + 2 >= len(chain)
                following = None if ends else Signal(name=f"carry_{number}_{n}")
                m.submodules[f"chain_{number}_{n}"] = self.ccu2c(pair, carry, following, wires)
                carry = following

    def ccu2c(
        self,
        pair: list[Position | None],
        carry: Value | None,
        following: Value | None,
        wires: dict[int, Value],
    ) -> Instance:
        """Two positions. Inputs that nothing drives stay open: a constant would cost a route."""
        ports: dict[str, object] = {"p_INJECT1_0": "NO", "p_INJECT1_1": "NO"}
        for half, position in enumerate(pair):
            ports[f"p_INIT{half}"] = Const(init(position), 16)
            if position is None:
                continue
            for names, bit in (("AB", position.a), ("CD", position.b)):
                for name, net in zip(names, self.nets(bit, wires), strict=False):
                    ports[f"i_{name}{half}"] = net
            if position.joint and position.a is not None:
                ports[f"i_C{half}"] = Const(1)
            if position.out is not None:
                ports[f"o_S{half}"] = wires[position.out]
        if carry is not None:
            ports["i_CIN"] = carry
        if following is not None:
            ports["o_COUT"] = following
        return Instance("CCU2C", **ports, a_keep=1)

    def nets(self, bit: Bit | None, wires: dict[int, Value]) -> tuple[Value, ...]:
        """What drives a bit: nothing, a wire, or the two whose difference it is."""
        match bit:
            case None:
                return ()
            case Raw(plane, lane):
                index = plane * self.tree.lanes + lane
                return self.signs[index], self.acts[index]
            case wire:
                return (wires[wire],)


def init(position: Position | None) -> int:
    """CCU2C's INIT: the LUT that selects carry or generate, whose lowest four bits are generate.

    A sum: P = a ^ b, and with b = 0 that is a, which is what generate must be where P = 0. A joint:
    P = 0, so that S is the carry in, and generate is the next segment's carry; C tied to 1 tells
    the two apart.
    """
    if position is None:
        return 0

    def bit(kind: Bit | None, low: int, high: int) -> int:
        return 0 if kind is None else low ^ high if isinstance(kind, Raw) else low

    table = 0
    for index in range(16):
        a, b, c, d = (index >> n & 1 for n in range(4))
        value = bit(position.a, a, b)
        if position.joint:
            value &= 1 - c
        else:
            value ^= bit(position.b, c, d)
        table |= value << index
    return table


def instance(tree: TwoTree, family: str, signs: Value, acts: Value, total: Value) -> Instance:
    """A dot product by name: emission makes its module once, however many there are of it."""
    name = f"dot_{family}_{tree.lanes}_{tree.planes}_{tree.levels_per_stage}"
    return Instance(name, i_clk=ClockSignal(), i_signs=signs, i_acts=acts, o_total=total)


def named(text: str) -> dict[str, DotProduct]:
    """The dot products that a design's text names as modules, in order of name."""
    names = sorted(set(re.findall(r"\bdot_[a-z0-9]+_\d+_\d+_\d+\b", text)))
    found = {}
    for name in names:
        _, family, *numbers = name.split("_")
        lanes, planes, levels = map(int, numbers)
        found[name] = DotProduct(build(lanes, planes, levels), family)
    return found
