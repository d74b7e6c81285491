"""Reordering: sums of a group of pixels, from fold by fold to pixel by pixel."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value

from fq_hw.schedule.units import ReorderUnit
from rtl_gen.banked import Banked
from rtl_gen.counters import counter, nest

__all__ = ["ColumnReorder"]


class ColumnReorder(Banked, unit=ReorderUnit):
    __doc__ = f"From fold, column, slice to column, fold, slice but idle ones. {Banked.__doc__}"

    def reading(self, m: Module, step: Value) -> tuple[Value, Value]:
        last = self.loops(m, step)
        return self.address(m, step, last), last["column"]

    def loops(self, m: Module, step: Value) -> dict[str, Value]:
        """Whether the loops of the reader end: over slices, folds and columns."""
        unit = self.unit
        if not unit.idle:
            return nest(m, step, slice=unit.slices, fold=unit.folds, column=unit.columns)[1]
        _, last = nest(m, step, fold=unit.pixel_beats, column=unit.columns)
        at, end = counter(unit.slices, "slice"), Signal(name="slice_at_end")
        with m.If(step):  # the last fold ends early
            m.d.sync += [
                at.eq(Mux(end | last["fold"], 0, at + 1)),
                end.eq(~(end | last["fold"]) & (at == unit.slices - 2)),
            ]
        return {"slice": end, **last}

    def address(self, m: Module, step: Value, last: dict[str, Value]) -> Signal:
        """Where the next beat lies: steps are constants, so that nothing is multiplied."""
        unit = self.unit
        address, column = counter(unit.group_beats, "address"), counter(unit.group_beats, "column")
        following = Signal.like(address)
        m.d.comb += following.eq(address + 1)
        with m.If(last["slice"]):
            m.d.comb += following.eq(address + (unit.columns - 1) * unit.slices + 1)
        with m.If(last["fold"]):
            m.d.comb += following.eq(column + unit.slices)
        with m.If(last["column"]):
            m.d.comb += following.eq(0)
        with m.If(step):
            m.d.sync += address.eq(following)
            with m.If(last["fold"]):
                m.d.sync += column.eq(following)
        return address
