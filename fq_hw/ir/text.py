"""A graph as text, one op a line."""

from __future__ import annotations

import dataclasses

import numpy as np

from fq_hw.ir.graph import Graph
from fq_hw.ir.op import Op

__all__ = ["to_text"]


def describe(value: object) -> str:
    """A field's value in few letters; arrays by shape and range."""
    if isinstance(value, np.ndarray):
        shape = "x".join(str(n) for n in value.shape)
        return f"[{shape} {value.dtype} {value.min():g}..{value.max():g}]"
    return str(value)


def left_alone(value: object, default: object) -> bool:
    """Whether a field has its default value."""
    return value is default or (isinstance(value, tuple) and value == default)


def line(op: Op, kind: str) -> str:
    """One op: ``%name: type = kind(%inputs) field=value``, without the fields left as they are."""
    values = {f: getattr(op, f.name) for f in dataclasses.fields(op)}
    told = {f.name: v for f, v in values.items() if not left_alone(v, f.default)}
    shown = " ".join(f"{f}={describe(v)}" for f, v in told.items() if f not in ("name", "inputs"))
    inputs = ", ".join(f"%{name}" for name in op.inputs)
    return f"%{op.name}: {kind} = {type(op).__name__}({inputs}) {shown}".rstrip()


def to_text(graph: Graph) -> str:
    """The whole graph; stable, so that two graphs can be compared as text."""
    lines = [f"graph {graph.name}"]
    lines += ["  " + line(op, str(graph.types[op.name])) for op in graph.ops]
    return "\n".join(lines) + "\n"
