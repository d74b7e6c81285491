"""Passes: functions Graph -> Graph, applied in the order of ``PIPELINE``.

``sum_first`` depends on what lies in an array: lowering to units applies it.
"""

from __future__ import annotations

from fq_hw.ir import Graph
from fq_hw.passes.absorb_order import absorb_order
from fq_hw.passes.absorb_signs import absorb_signs
from fq_hw.passes.clip_thresholds import clip_thresholds
from fq_hw.passes.lowered import check_lowered
from fq_hw.passes.merge_padding import merge_padding
from fq_hw.passes.narrow_tables import narrow_tables
from fq_hw.passes.round_thresholds import round_thresholds
from fq_hw.passes.sum_first import classifiers, sum_first

__all__ = [
    "PIPELINE",
    "absorb_order",
    "absorb_signs",
    "check_lowered",
    "classifiers",
    "clip_thresholds",
    "lower_graph",
    "merge_padding",
    "narrow_tables",
    "round_thresholds",
    "sum_first",
]  # fmt: skip

PIPELINE = (
    absorb_order, merge_padding, absorb_signs, round_thresholds, narrow_tables, clip_thresholds,
)  # fmt: skip


def lower_graph(graph: Graph) -> Graph:
    """Apply every pass once, in order."""
    for step in PIPELINE:
        graph = step(graph)
    return graph
