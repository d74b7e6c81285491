"""The dot product of one PE, in its plain form."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value

__all__ = ["adder_tree", "xnor_sum"]


def adder_tree(values: Sequence[Value]) -> Value:
    """Sum of unsigned values as a balanced tree."""
    values = list(values)
    while len(values) > 1:
        pairs = [a + b for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[len(pairs) * 2 :]
    return values[0]


def xnor_sum(m: Module, acts: Sequence[Value], weights: Value, name: str) -> Signal:
    """Sum over the lanes of ``w ? a : top - a``: each act's planes XNORed with its weight bit."""
    lanes = []
    for lane, act in enumerate(acts):
        bits = Signal(len(act), name=f"{name}_{lane}")
        m.d.comb += bits.eq(act ^ (~weights[lane]).replicate(len(act)))
        lanes.append(bits)
    total = adder_tree(lanes)
    out = Signal(len(total), name=name)
    m.d.comb += out.eq(total)
    return out
