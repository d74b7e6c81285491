"""What differs from pass to pass, as one record of constants that the pass's number selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Value
from amaranth.lib import data

from fq_hw.schedule.in_turn.geometry import Pass

__all__ = ["layout", "select", "values"]

Row = Mapping[str, int]


def values(step: Pass) -> Row:
    """The settings of a pass; addresses are modulo the depth of the banks."""
    depth, source, dest = step.array.depth, step.source, step.dest
    found = {
        "convolve": step.kernel > 0,
        "square": step.kernel == 3,
        "dense": step.dense,
        "turned": step.turned,
        "words": step.words - 1,
        "planes": step.planes - 1,
        "inverted": step.inverted,
        "depthwise": step.depthwise,
        "wait": max(step.wait, 1) - 1,
        "waits": step.wait > 0,
        "reads": step.read_groups - 1,
        "groups": step.groups - 1,
        "rows": step.rows - 1,
        "folds": step.folds - 1,
        "last_column": step.last_columns - 1,
        "thin": step.thin,
        "add": step.add,
        "keep": step.keep,
        "give": step.give,
        "alone": source is not None and source.alone,
        "origin": 0,
        "even": 0,
        "read_step": 0,
        "fold_step": 0,
        "row_step": 0,
        "bottom": 0,
        "write": dest is not None,
        "halve": dest is not None and dest.stride == 2,
        "base": dest.base if dest else 0,
        "parity_step": dest.groups if dest else 0,
        "word_step": dest.word_step if dest else 0,
        "line_step": dest.row_step if dest else 0,
        "low": step.low,
        "high": step.high,
    }
    if source:
        # A kernel's outer columns read the odd pixels of a strided tensor, the middle one the even.
        odd = source.groups if step.kernel == 3 and step.across == 2 else 0
        found["origin"] = (source.base + odd - step.kernel // 2 * source.row_step) % depth
        found["even"] = -odd % depth
        # Behind a pixel's last word comes the next kernel row: of one word, the same of that.
        found["read_step"] = source.row_step if step.depthwise else source.word_step
        found["fold_step"] = source.word_step
        found["row_step"] = step.stride * source.row_step
        found["bottom"] = step.kernel == 3 and (step.rows - 1) * step.stride + 1 >= source.rows
    return {name: int(value) for name, value in found.items()}


def layout(rows: Sequence[Row]) -> data.StructLayout:
    """The record, each setting as wide as its largest value."""
    return data.StructLayout(
        {name: max(max(row[name] for row in rows).bit_length(), 1) for name in rows[0]}
    )


def select(m: Module, rows: Sequence[Row], number: Value, out: data.View) -> None:
    """Drive ``out`` with the settings of row ``number``."""
    with m.Switch(number):
        for index, row in enumerate(rows):
            with m.Case(index) if index < len(rows) - 1 else m.Default():
                m.d.comb += [out[name].eq(value) for name, value in row.items()]
