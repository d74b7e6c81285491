"""Nested counters: the loops of a schedule in hardware."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value

__all__ = ["counter", "nest", "walk"]


def counter(limit: int, name: str, init: int = 0) -> Signal:
    """A signal for 0..limit-1, never of no bits: Verilog would read [-1:0]."""
    return Signal(range(max(limit, 2)), name=name, init=init)


def nest(m: Module, step: Value, **limits: int) -> tuple[dict[str, Signal], dict[str, Value]]:
    """Counters for nested loops, innermost first; all advance on ``step``.

    Returns the counters and, per loop, whether it and all loops inside it are at their last value.
    """
    counters: dict[str, Signal] = {}
    lasts: dict[str, Value] = {}
    inner: Value = Const(1)
    for name, limit in limits.items():
        count = counters[name] = counter(limit, name)
        if limit == 1:
            lasts[name] = inner
            continue
        at_end = Signal(name=f"{name}_at_end")  # a register: comparing now would lengthen paths
        with m.If(step & inner):
            m.d.sync += [
                count.eq(Mux(at_end, 0, count + 1)),
                at_end.eq(~at_end & (count == limit - 2)),
            ]
        last = Signal(name=f"{name}_last")
        m.d.comb += last.eq(at_end & inner)
        lasts[name] = inner = last
    return counters, lasts


def walk(
    m: Module, step: Value, address: Signal, **loops: tuple[int, int]
) -> tuple[dict[str, Signal], Value]:
    """Drive ``address`` through nested loops, innermost first, each of so many steps so far apart.

    It begins and ends at its reset value; the outermost loop, which must not stand still, is
    counted by the address alone. Returns the other counters, and whether all are at their last.
    """
    *inner, outermost = loops
    at, lasts = nest(m, step, **{name: loops[name][0] for name in inner})
    back = sum((count - 1) * apart for count, apart in loops.values())
    inside = lasts[inner[-1]] if inner else Const(1)
    end = lasts[outermost] = Signal()
    m.d.comb += end.eq(inside & (address == address.init + back))
    change: Value = Const(0)
    for name, (count, apart) in reversed(loops.items()):
        back -= (count - 1) * apart  # what the loops inside have gone
        if count > 1:
            change = Mux(lasts[name], change, apart - back)
    with m.If(step):
        m.d.sync += address.eq(Mux(end, address.init, address + change))
    return at, end
