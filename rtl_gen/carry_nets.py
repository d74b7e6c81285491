"""What drives the bits of a dot product's carry chains, in every family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from amaranth.hdl import Const, Value

from fq_hw.schedule.two_tree import Bit, Raw

__all__ = ["Nets"]


class Nets(NamedTuple):
    """The wires by number, ``signs`` and ``acts`` plane by plane, and the gate of a raw bit."""

    wires: Mapping[int, Value]
    signs: Value
    acts: Value
    lanes: int
    gate: Callable

    def of(self, bit: Bit | None) -> tuple[Value, ...]:
        """What drives ``bit``: nothing, a wire, or the sign and activation of a raw bit."""
        if isinstance(bit, Raw):
            index = bit.plane * self.lanes + bit.lane
            return self.signs[index], self.acts[index]
        return () if bit is None else (self.wires[bit],)

    def value(self, bit: Bit | None) -> Value:
        """``bit`` by itself: 0 if there is none, a raw one behind its gate."""
        found = self.of(bit)
        return self.gate(*found) if len(found) > 1 else found[0] if found else Const(0)
