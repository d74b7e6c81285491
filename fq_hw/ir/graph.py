"""A graph: ops in topological order, checked when it is made, never changed."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from fq_hw.errors import GraphError, one_of, require
from fq_hw.files import check_file_name, check_line
from fq_hw.ir import ops
from fq_hw.ir.types import TensorType, infer
from fq_hw.plain import from_plain

__all__ = ["Graph", "kind_name", "op_of"]


def kind_name(kind: type[ops.Op]) -> str:
    """How nodes call an op: ``PixelSum`` is ``pixel_sum``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


KINDS = {name: getattr(ops, name) for name in ops.__all__ if name != "Op"}
KINDS = {"argmax" if k is ops.ArgMax else kind_name(k): k for k in KINDS.values()}
NAMES = {kind: name for name, kind in KINDS.items()}
MOST_OPS = 4096


def op_of(node: Mapping[str, Any]) -> ops.Op:
    """The op of a plain node.

    Raises GraphError for an unknown op and a missing, unknown or mistyped field.
    """
    fields = dict(node)
    kind = fields.pop("op", None)
    where = f"op {fields.get('name')!r}"
    contract = f"kind must be one of {', '.join(sorted(KINDS))}"
    one_of(kind, KINDS, where, contract, kind=GraphError)
    return from_plain(KINDS[kind], fields, where)


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """Ops in topological order: one Input first, one result last.

    Raises GraphError, naming the op, when an input is unknown or a type does not suit.
    """

    name: str
    ops: tuple[ops.Op, ...]

    def __post_init__(self) -> None:
        where = f"graph {self.name!r}"
        check_file_name(self.name, where)  # files and folders are called after it
        few = len(self.ops) <= MOST_OPS
        require(few, where, f"must have at most {MOST_OPS} ops", len(self.ops), kind=GraphError)
        first = self.ops and isinstance(self.ops[0], ops.Input)
        require(first, where, "must begin with an Input", self.ops[:1], kind=GraphError)
        images = [op.name for op in self.ops if isinstance(op, ops.Input)]
        require(len(images) == 1, where, "must have one Input", images, kind=GraphError)
        seen: set[str] = set()
        for op in self.ops:
            check_line(op.name, op.where)
            require(
                op.name not in seen, op.where, "needs a name of its own", op.name, kind=GraphError
            )
            unknown = [name for name in op.inputs if name not in seen]
            require(not unknown, op.where, "inputs must come before it", unknown, kind=GraphError)
            seen.add(op.name)
        unused = [op.name for op in self.ops[:-1] if not self.users[op.name]]
        require(not unused, where, "every op but the last must be used", unused, kind=GraphError)
        _ = self.types  # checks every op

    @cached_property
    def users(self) -> Mapping[str, tuple[ops.Op, ...]]:
        """The ops that read each result, in order; an op that reads it twice counts twice."""
        users: dict[str, list[ops.Op]] = {op.name: [] for op in self.ops}
        for op in self.ops:
            for name in op.inputs:
                users[name].append(op)
        return {name: tuple(found) for name, found in users.items()}

    @cached_property
    def types(self) -> Mapping[str, TensorType]:
        """The type of every result."""
        types: dict[str, TensorType] = {}
        for op in self.ops:
            want = len(inspect.signature(infer.dispatch(type(op))).parameters) - 1
            require(
                len(op.inputs) == want, op.where, f"needs {want} inputs", op.inputs, kind=GraphError
            )
            types[op.name] = infer(op, *(types[name] for name in op.inputs))
        return types

    @cached_property
    def by_name(self) -> Mapping[str, ops.Op]:
        """Every op under its name."""
        return {op.name: op for op in self.ops}

    def __getitem__(self, name: str) -> ops.Op:
        where = f"graph {self.name!r}"
        require(name in self.by_name, where, f"has no op {name!r}", kind=GraphError)
        return self.by_name[name]

    @property
    def input(self) -> ops.Input:
        """The image."""
        return cast(ops.Input, self.ops[0])  # as __post_init__ has seen

    @property
    def classes(self) -> int:
        """How many scores the last op, which takes the largest, reads."""
        return self.types[self.ops[-1].inputs[0]].shape[-1]

    def map(self, step: Callable[[ops.Op], ops.Op]) -> Graph:
        """A graph with ``step`` applied to every op."""
        return Graph(self.name, tuple(step(op) for op in self.ops))

    def nodes(self) -> list[dict[str, object]]:
        """The graph as plain nodes; ``from_nodes`` reads them back."""
        out = []
        for op in self.ops:
            fields = {f.name: getattr(op, f.name) for f in dataclasses.fields(op)}
            out.append({"op": NAMES[type(op)], **fields, "inputs": list(op.inputs)})
        return out

    @classmethod
    def from_nodes(cls, name: str, nodes: Iterable[Mapping[str, object]]) -> Graph:
        """Build a graph from plain nodes.

        Raises GraphError for an unknown op and a missing, unknown or mistyped field.
        """
        return cls(name, tuple(op_of(node) for node in nodes))
