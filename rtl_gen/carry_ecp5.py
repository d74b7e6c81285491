"""Carry chains of ECP5: a CCU2C makes two positions and absorbs what stands before its adder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from amaranth.hdl import Const, Instance, Module, Signal, Value

from fq_hw.schedule.two_tree import Bit, Position, Raw
from rtl_gen.carry_nets import Nets

__all__ = ["chain", "chosen_sum"]


class Half(NamedTuple):
    """Half a CCU2C: its INIT, what drives its inputs, and what its sum drives.

    Inputs that nothing drives stay open: a constant would cost a route.
    """

    init: int = 0
    pins: Mapping[str, Value] = {}
    out: Value | None = None


def chain(m: Module, name: str, positions: Sequence[Position], nets: Nets) -> None:
    """One primitive per pair of positions."""
    link(m, name, [half(position, nets) for position in positions])


def chosen_sum(m: Module, name: str, choose: Value, ways: Sequence[Value], added: Value) -> Value:
    """``ways[choose] + added``, as wide as a way; the LUT of each bit's adder chooses, too."""
    total, halves = Signal(len(ways[0]), name=name), [Half()]  # which starts with a carry of 0
    for n, (low, high) in enumerate(zip(*ways, strict=True)):
        some = n < len(added)
        pins = {**({"A": added[n]} if some else {}), "B": choose, "C": low, "D": high}
        halves.append(Half(CHOSEN if some else CHOSEN_ALONE, pins, total[n]))
    link(m, name, halves)
    return total


def link(m: Module, name: str, halves: Sequence[Half]) -> None:
    """Halves as primitives, one carry after the other."""
    carry = None
    for n in range(0, len(halves), 2):
        pair = halves[n : n + 2]
        following = None if n + 2 >= len(halves) else Signal(name=f"{name}_carry_{n}")
        m.submodules[f"{name}_{n}"] = ccu2c(pair, carry, following)
        carry = following


def half(position: Position, nets: Nets) -> Half:
    """A position of a tree."""
    pins = {}
    for names, bit in (("AB", position.a), ("CD", position.b)):
        pins |= zip(names, nets.of(bit), strict=False)
    if position.joint and position.a is not None:
        pins["C"] = Const(1)
    out = None
    if position.out is not None:
        (out,) = nets.of(position.out)
    return Half(init(position, nets.gate), pins, out)


def ccu2c(pair: Sequence[Half], carry: Value | None, following: Value | None) -> Instance:
    """The primitive that two halves make."""
    ports: dict[str, object] = {"p_INJECT1_0": "NO", "p_INJECT1_1": "NO"}
    for number, (init, pins, out) in zip_longest(range(2), pair, fillvalue=Half()):
        ports[f"p_INIT{number}"] = Const(init, 16)
        ports |= {f"i_{pin}{number}": net for pin, net in pins.items()}
        if out is not None:
            ports[f"o_S{number}"] = out
    if carry is not None:
        ports["i_CIN"] = carry
    if following is not None:
        ports["o_COUT"] = following
    return Instance("CCU2C", **ports, a_keep=1)


def init(position: Position, gate: Callable[[int, int], int]) -> int:
    """CCU2C's INIT: the LUT that selects carry or generate, whose lowest four bits are generate.

    A sum: P = a ^ b, and with b = 0 that is a, which is what generate must be where P = 0. A joint:
    P = 0, so that S is the carry in, and generate is the next segment's carry; C tied to 1 tells
    the two apart.
    """

    def bit(kind: Bit | None, low: int, high: int) -> int:
        return 0 if kind is None else gate(low, high) if isinstance(kind, Raw) else low

    def value(a: int, b: int, c: int, d: int) -> int:
        if position.joint:
            return bit(position.a, a, b) & 1 - c
        return bit(position.a, a, b) ^ bit(position.b, c, d)

    return table(value)


def table(value: Callable[[int, int, int, int], int]) -> int:
    """A function of A, B, C and D as INIT."""
    return sum(value(*(index >> n & 1 for n in range(4))) << index for index in range(16))


# P = a ^ (b ? d : c): where c = d = 0 that is a, which is what generate must be where P = 0.
CHOSEN = table(lambda a, b, c, d: a ^ (d if b else c))
CHOSEN_ALONE = table(lambda a, b, c, d: d if b else c)
