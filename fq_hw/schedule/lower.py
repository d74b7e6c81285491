"""Lowering: a graph of integer ops and a folding become a plan of units and streams.

The engine's sums are unsigned: what it leaves out, one constant per channel, travels beside each
tensor as ``offset`` (value = stream + offset) and ends in thresholds and start values, so that no
hardware spends a gate on it. Between layers a stream is as narrow as the cycles of a frame allow,
whatever the folds, so that a fold changes the units of its own convolution and no others but the
depth of a skip FIFO.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fq_hw import ir
from fq_hw.errors import FoldingError, GraphError, require
from fq_hw.ir import Graph
from fq_hw.passes import check_lowered, classifiers, sum_first
from fq_hw.schedule import units
from fq_hw.schedule.folding import Fold, check_folds, slowest_cycles
from fq_hw.schedule.in_turn.lower import passes
from fq_hw.schedule.in_turn.place import place_array
from fq_hw.schedule.in_turn.stage import InTurn, Supply, partition
from fq_hw.schedule.joins import branches
from fq_hw.schedule.placing import Placing, place
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sdram import Slots

__all__ = ["Lowering", "lower"]


class Lowering(Placing):
    """``graph`` lowered, with what its plan does not tell: each convolution's site and parts."""

    def __init__(
        self,
        graph: Graph,
        folds: Mapping[str, Fold],
        cycles: int | None = None,
        skip_slack: int | None = None,
        arrays: Iterable[InTurn] = (),
        slots: Slots | None = None,
        logic: Iterable[str] = (),
    ):
        super().__init__()
        ends = isinstance(graph.ops[-1], ir.ArgMax) and isinstance(graph.ops[-2], ir.ClassScale)
        got = [type(op).__name__ for op in graph.ops[-2:]]
        hint = "hardware gives scores and a label for each image"
        where, contract = f"graph {graph.name!r}", "must end in ClassScale and ArgMax"
        require(ends, where, contract, got, hint=hint, kind=GraphError)
        check_lowered(graph)
        arrays = tuple(arrays)
        self.stage_of = partition(graph, arrays)
        check_folds(graph, folds, self.stage_of)
        self.summed_first = classifiers(graph, self.stage_of)
        self.graph = graph = sum_first(graph, self.stage_of)
        self.folds, self.skip_slack, self.slots = folds, skip_slack, slots
        self.logic = frozenset(logic)
        streams = [stage.until for stage in arrays if stage.supply is Supply.STREAM]
        contract, hint = (
            "has one SDRAM, for the parameters of one array",
            "keep the others' on chip",
        )
        alone = slots is None or len(streams) <= 1
        require(alone, where, contract, streams, hint=hint, kind=GraphError)
        spills = [stage.until for stage in arrays if stage.trunk is Supply.STREAM]
        contract, hint = "needs an SDRAM for the trunk of its array", "fold it for a board with one"
        require(slots or not spills, where, contract, spills, hint=hint, kind=GraphError)
        if cycles is None:
            each = (passes(graph, stage).unit.beats for stage in arrays)
            cycles = max([slowest_cycles(graph, folds), *each])
        self.cycles = cycles
        joins = (op for op in graph.ops if isinstance(op, ir.Join))
        self.forks = {op.name: branches(graph, op) for op in joins if op.name not in self.stage_of}
        for op in graph.ops:
            stage = self.stage_of.get(op.name)
            if stage is None:
                place(op, self)
            elif op.name == stage.until:
                place_array(stage, self)
        kinds = units.RomUnit, units.LineUnit
        known = {node.name for node in self.nodes if isinstance(node.unit, kinds)}
        where, contract = f"folding of {graph.name!r}", "puts into logic what is no ROM of it"
        extra = sorted(self.logic - known)
        require(not extra, where, contract, extra, kind=FoldingError)

    @property
    def plan(self) -> Plan:
        """The finished plan."""
        return Plan(name=self.graph.name, image=self.graph.input.shape, nodes=tuple(self.nodes))


def lower(
    graph: Graph,
    folds: Mapping[str, Fold],
    cycles: int | None = None,
    *,
    skip_slack: int | None = None,
    arrays: Iterable[InTurn] = (),
    slots: Slots | None = None,
    logic: Iterable[str] = (),
) -> Plan:
    """The plan of ``graph``, its convolutions folded as ``folds`` says or run by ``arrays``.

    Streams are wide enough for frames of ``cycles``, by default those of the slowest stage.
    Each skip FIFO holds ``skip_slack`` pixels beyond its least depth, by default as many as keep
    the slowest convolution busy; none is enough not to deadlock. Parameters that an array has from
    a stream lie in an SDRAM with these ``slots``, or in a ROM. Raises FoldingError or GraphError,
    naming the layer.
    """
    return Lowering(graph, folds, cycles, skip_slack, arrays, slots, logic).plan
