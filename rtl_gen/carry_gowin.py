"""Carry chains of Gowin: an ALU in mode 2 (ADDSUB) makes a position and absorbs one inversion.

ALU adds I0, the carry and I1, the latter inverted where I3 is 0. So a raw bit on I1 and I3 comes
as the inverse of what it should be. That suits a tree in which every bit is inverted, for the sum
of three inverted bits is the inverted sum with the inverted carry. Only the total must be inverted
back. A second raw bit of a position, and one on a carry-in, takes a LUT. Mode 2 is the one that
nextpnr wires right.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

from fq_hw.schedule.two_tree import Bit, Position, Raw
from rtl_gen.carry_nets import Nets

__all__ = ["chain"]

ADDSUB = 2
NOTHING = Const(1)  # a zero, inverted like all bits


def chain(m: Module, name: str, positions: Sequence[Position], nets: Nets) -> None:
    """One primitive per position. All wires are inverted."""

    def plain(bit: Bit | None) -> Value:
        if bit is None:
            return NOTHING
        return ~nets.value(bit) if isinstance(bit, Raw) else nets.value(bit)

    carry: Value = Const(0)  # of no effect: a chain begins with a joint
    for n, position in enumerate(positions):
        first, second = position.a, position.b
        if isinstance(first, Raw) and not isinstance(second, Raw):
            first, second = second, first
        if position.joint:  # 1 + x or x + x: the sum is the carry in, the carry out is x
            inputs = [plain(position.a)] * 2 + [Const(1)]
        elif isinstance(second, Raw) and nets.gate is operator.xor:
            sign, act = nets.of(second)
            inputs = [plain(first), act, sign]
        else:
            inputs = [plain(first), plain(second), Const(1)]
        ports = {f"i_{pin}": value for pin, value in zip(("I0", "I1", "I3"), inputs, strict=True)}
        if position.out is not None:
            (ports["o_SUM"],) = nets.of(position.out)
        if n + 1 < len(positions):
            ports["o_COUT"] = following = Signal(name=f"{name}_carry_{n}")
        m.submodules[f"{name}_{n}"] = Instance(
            "ALU", p_ALU_MODE=ADDSUB, i_CIN=carry, a_keep=1, **ports
        )
        carry = following
