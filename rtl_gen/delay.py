"""Plain delays."""

from __future__ import annotations

from contextlib import nullcontext

from amaranth.hdl import Module, Signal, Value

__all__ = ["delay"]


def delay(
    m: Module,
    bits: Value,
    cycles: int,
    name: str,
    reset_less: bool = False,
    on: Value | None = None,
) -> Value:
    """``bits`` as they were ``cycles`` ago, of those that are ``on``, if not all count."""
    if not len(bits):  # a register of no bits: Verilog would read [-1:0]
        return bits
    for n in range(cycles):
        delayed = Signal(len(bits), name=f"{name}_{n}", reset_less=reset_less)
        with m.If(on) if on is not None else nullcontext():
            m.d.sync += delayed.eq(bits)
        bits = delayed
    return bits
