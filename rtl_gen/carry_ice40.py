"""Carry chains of iCE40: SB_CARRY and SB_LUT4 make a position; inversions take LUTs before it.

SB_CARRY sees its two bits directly, so nothing can be absorbed: every raw bit takes a LUT. Then a
segment of raw bits alone is cheaper without a chain, where it needs no joint: three LUTs take in a
pair of raw bits with a carry and give sum and carry, against two and a position.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

from fq_hw.schedule.two_tree import Bit, Position, Raw
from rtl_gen.carry_nets import Nets

__all__ = ["chain"]

SUM = 0b1100_0011_0011_1100  # I1 ^ I2 ^ I3
CARRY = 0b1111_1111_0000_0000  # I3


def chain(m: Module, name: str, positions: Sequence[Position], nets: Nets) -> None:
    """The segments of a chain, linked by their joints."""
    linked = Chain(m, name)
    for start, body, end in segments(positions):
        carry = nets.value(start)
        triples = [(nets.value(p.a), nets.value(p.b), *nets.of(p.out)) for p in body]
        bits = [start, *(bit for p in body for bit in (p.a, p.b))]
        if not all(isinstance(bit, Raw | None) for bit in bits):
            linked.add(carry, triples, nets.of(end))
            continue
        for a, b, out in triples:
            m.d.comb += out.eq(a ^ b ^ carry)
            carry = a & b | (a | b) & carry
        m.d.comb += [out.eq(carry) for out in nets.of(end)]
    linked.joint(None)


def segments(positions: Sequence[Position]) -> list[tuple[Bit | None, list[Position], Bit | None]]:
    """Each segment's carry in, its positions, and the wire of its carry out, if it has one."""
    joints = [n for n, position in enumerate(positions) if position.joint]
    ends = [*joints[1:], len(positions)]
    outs = [*(positions[n].out for n in joints[1:]), None]
    whole = zip(joints, ends, outs, strict=True)
    found = [(positions[n].a, list(positions[n + 1 : end]), out) for n, end, out in whole]
    return [segment for segment in found if segment[1]]


class Chain:
    """A chain of carries that grows position by position."""

    def __init__(self, m: Module, name: str):
        self.m, self.name, self.length = m, name, 0
        self.carry: Value = Const(0)
        self.unread: tuple[Value, ...] = ()

    def add(self, carry: Value, triples: Sequence[tuple[Value, ...]], end: tuple) -> None:
        """Append a segment; ``end`` is the wire of its carry out, if any."""
        self.joint(carry)
        for a, b, out in triples:
            self.lut(SUM, a, b, out=out)
            self.advance(a, b)
        self.unread = end

    def joint(self, bit: Value | None) -> None:
        """Read what the last segment left, and start the next one's carry with ``bit``."""
        for out in self.unread:
            self.lut(CARRY, *([] if bit is None else [bit] * 2), out=out)
        if bit is not None:
            self.advance(bit, bit)

    def lut(self, init: int, *inputs: Value, out: Value) -> None:
        ports = {f"i_I{n + 1}": bit for n, bit in enumerate(inputs)}
        self.m.submodules[f"{self.name}_lut_{self.length}"] = Instance(
            "SB_LUT4", p_LUT_INIT=Const(init, 16), i_I3=self.carry, o_O=out, a_keep=1, **ports
        )

    def advance(self, a: Value, b: Value) -> None:
        following = Signal(name=f"{self.name}_carry_{self.length}")
        self.m.submodules[f"{self.name}_{self.length}"] = Instance(
            "SB_CARRY", i_I0=a, i_I1=b, i_CI=self.carry, o_CO=following, a_keep=1
        )
        self.carry, self.length = following, self.length + 1
