"""A stretch of a graph that one array computes, and where such stretches may begin and end."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from fq_hw import ir
from fq_hw.errors import FoldingError, GraphError, one_of, require
from fq_hw.ir import Graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.joins import between, dominators

__all__ = ["InTurn", "Supply", "inside", "one_stage", "partition", "places"]


SUMS = ir.Conv | ir.Bias | ir.Add  # ops that an array can end with


class Supply(enum.Enum):
    """Where an array's parameters, or its trunk, lie: on the chip, or outside, to come in order."""

    CHIP = "chip"
    STREAM = "stream"


@dataclass(frozen=True, kw_only=True)
class InTurn:
    """A stage that an array computes in turn: all ops behind tensor ``after``, up to ``until``.

    ``supply`` says where its parameters lie, ``trunk`` where the residual blocks' sums do: outside
    only where the parameters are, too.
    """

    after: str
    until: str
    array: Array
    supply: Supply = Supply.CHIP
    trunk: Supply = Supply.CHIP

    def __post_init__(self) -> None:
        both = self.trunk is Supply.CHIP or self.supply is Supply.STREAM
        where, contract = f"array behind {self.after!r}", "has its trunk outside, and not its words"
        require(both, where, contract, hint='say "supply": "stream", too', kind=FoldingError)


def places(graph: Graph) -> tuple[list[str], list[str]]:
    """The tensors behind which a stage may begin, and those of them that are sums, in order.

    Levels or sums through which all that reaches the scores has come. It may end with such, too.
    """
    through = dominators(graph)[graph.ops[-1].name]
    ops = [op for op in graph.ops if op.name in through]
    sums = [op.name for op in ops if isinstance(op, SUMS)]
    levels = (ir.Embed, ir.Threshold)
    return [op.name for op in ops if isinstance(op, levels) or op.name in sums], sums


def one_stage(graph: Graph) -> tuple[str, str]:
    """The tensors between which all convolutions of ``graph`` lie. Raises GraphError."""
    convs = [op for op in graph.ops if isinstance(op, ir.Conv)]
    where, hint = f"graph {graph.name!r}", "an array convolves"
    require(convs, where, "must have convolutions", 0, hint=hint, kind=GraphError)
    sums = [op for op in graph.ops if isinstance(op, SUMS)]
    return convs[0].inputs[0], sums[-1].name


def inside(graph: Graph, stage: InTurn) -> tuple[ir.Op, ...]:
    """The ops of ``stage``, in order. Raises GraphError, with the places where a stage may lie."""
    where = f"stage from {stage.after!r} to {stage.until!r}"
    firsts, _ = places(graph)
    for name, what in ((stage.after, "begin behind"), (stage.until, "end with")):
        contract = f"must {what} levels or sums that nothing goes around: {', '.join(firsts)}"
        one_of(name, firsts, where, contract, kind=GraphError)
    ahead = firsts.index(stage.after) < firsts.index(stage.until)
    require(ahead, where, "must have layers between them, in this order", kind=GraphError)
    return between(graph, stage.until, stage.after)


def partition(graph: Graph, arrays: Iterable[InTurn]) -> dict[str, InTurn]:
    """The stage of every op that an array computes; all others stream. Raises GraphError."""
    found: dict[str, InTurn] = {}
    for stage in arrays:
        names = [op.name for op in inside(graph, stage)]
        twice = [name for name in names if name in found]
        where = f"stage from {stage.after!r} to {stage.until!r}"
        require(not twice, where, "must hold no layer of another stage", twice, kind=GraphError)
        found |= dict.fromkeys(names, stage)
    return found
