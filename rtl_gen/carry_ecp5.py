"""Carry chains of ECP5: a CCU2C makes two positions and absorbs every raw bit's gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amaranth.hdl import Const, Instance, Module, Signal, Value

from fq_hw.schedule.two_tree import Bit, Position, Raw
from rtl_gen.carry_nets import Nets

__all__ = ["chain"]


def chain(m: Module, name: str, positions: Sequence[Position], nets: Nets) -> None:
    """One primitive per pair of positions."""
    carry = None
    for n in range(0, len(positions), 2):
        pair = [*positions[n : n + 2], None][:2]
        following = None if n + 2 >= len(positions) else Signal(name=f"{name}_carry_{n}")
        m.submodules[f"{name}_{n}"] = ccu2c(pair, carry, following, nets)
        carry = following


def ccu2c(
    pair: list[Position | None], carry: Value | None, following: Value | None, nets: Nets
) -> Instance:
    """Two positions. Inputs that nothing drives stay open: a constant would cost a route."""
    ports: dict[str, object] = {"p_INJECT1_0": "NO", "p_INJECT1_1": "NO"}
    for half, position in enumerate(pair):
        ports[f"p_INIT{half}"] = Const(init(position, nets.gate), 16)
        if position is None:
            continue
        for names, bit in (("AB", position.a), ("CD", position.b)):
            for pin, net in zip(names, nets.of(bit), strict=False):
                ports[f"i_{pin}{half}"] = net
        if position.joint and position.a is not None:
            ports[f"i_C{half}"] = Const(1)
        if position.out is not None:
            (ports[f"o_S{half}"],) = nets.of(position.out)
    if carry is not None:
        ports["i_CIN"] = carry
    if following is not None:
        ports["o_COUT"] = following
    return Instance("CCU2C", **ports, a_keep=1)


def init(position: Position | None, gate: Callable[[int, int], int]) -> int:
    """CCU2C's INIT: the LUT that selects carry or generate, whose lowest four bits are generate.

    A sum: P = a ^ b, and with b = 0 that is a, which is what generate must be where P = 0. A joint:
    P = 0, so that S is the carry in, and generate is the next segment's carry; C tied to 1 tells
    the two apart.
    """
    if position is None:
        return 0

    def bit(kind: Bit | None, low: int, high: int) -> int:
        return 0 if kind is None else gate(low, high) if isinstance(kind, Raw) else low

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
