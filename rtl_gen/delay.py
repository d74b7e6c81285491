"""Plain delays."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

__all__ = ["delay"]


def delay(m: Module, bits: Value, cycles: int, name: str, reset_less: bool = False) -> Value:
    """``bits`` as they were ``cycles`` ago: registers that never wait."""
    if not len(bits):  # a register of no bits: Verilog would read [-1:0]
        return bits
    for n in range(cycles):
        delayed = Signal(len(bits), name=f"{name}_{n}", reset_less=reset_less)
        m.d.sync += delayed.eq(bits)
        bits = delayed
    return bits
