"""More pixels of a row: repeated ones, or those that lie in its channels."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Value

from fq_hw.schedule.units.spread import SpreadUnit
from rtl_gen.banked import Banked
from rtl_gen.counters import counter, nest

__all__ = ["Spread"]


class Spread(Banked, unit=SpreadUnit):
    __doc__ = f"A row comes, rows of more pixels leave, by unit.loops. {Banked.__doc__}"

    def reading(self, m: Module, step: Value) -> tuple[Value, Value]:
        loops = {f"loop_{n}": loop for n, loop in enumerate(self.unit.loops)}
        _, last = nest(m, step, **{name: count for name, (count, _) in loops.items()})
        address = counter(self.unit.group_beats, "address")
        back = sum((count - 1) * apart for count, apart in loops.values())
        change: Value = Const(0)
        for name, (count, apart) in reversed(loops.items()):
            back -= (count - 1) * apart  # what the loops inside have gone
            if count > 1:
                change = Mux(last[name], change, apart - back)
        end = last[[*loops][-1]]
        with m.If(step):
            m.d.sync += address.eq(Mux(end, 0, address + change))
        return address, end
