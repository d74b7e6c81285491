"""A component alone on a device: every input from a flip-flop, every output into one.

Two pins feed all inputs through one long shift register, of which every bit has another flip-flop
between itself and the part: one that nothing but the part pulls at, so that it is placed where a
neighbour in an accelerator would be. Outputs end in flip-flops that nobody reads and that synthesis
must keep. So no pin limits what can be measured, paths begin and end in
registers as they do inside an accelerator, and the harness itself takes no LUT. Nothing resets the
part: on the ECP5 boards the device's own reset sets every flip-flop, without a net or a gate.
"""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from rtl_gen.emit import ports

__all__ = ["Harness"]


class Harness(wiring.Component):
    """Members: clk; feed, the shift register's input; the part's ports are inside."""

    def __init__(self, part: wiring.Component):
        self.part = part
        super().__init__({"clk": In(1), "feed": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        m.d.comb += ClockSignal().eq(self.clk)
        m.submodules.part = self.part
        into, out = [], []
        for name, (value, _) in ports(self.part).items():
            if self.is_input(name):
                into.append((name, value))
            else:
                out.append((name, value))
        before = self.feed
        for name, value in into:
            # Starts at ones: equal to no register of the part, or synthesis would make them one.
            ones = (1 << len(value)) - 1
            shifted, held = (
                Signal(len(value), name=f"{kind}_{name}", init=ones, attrs={"keep": "true"})
                for kind in ("shift", "in")
            )
            m.d.sync += [shifted.eq(Cat(before, shifted)[: len(value)]), held.eq(shifted)]
            m.d.comb += value.eq(held)
            before = shifted[-1]
        for name, value in out:
            held = Signal(len(value), name=f"out_{name}", attrs={"keep": "true"})
            m.d.sync += held.eq(value)
        return m

    @property
    def bits(self) -> int:
        """Flip-flops of the harness."""
        found = ports(self.part).items()
        return sum(len(value) * (2 if self.is_input(name) else 1) for name, (value, _) in found)

    def is_input(self, port: str) -> bool:
        """Whether the flat port is driven from outside."""
        members = self.part.signature.members
        if port in members:
            return members[port].flow is In
        name, _, role = port.rpartition("_")
        return (members[name].flow is In) != (role == "ready")
