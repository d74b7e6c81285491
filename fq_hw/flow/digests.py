"""Digests by which records of one network, and of one design, are told from others."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from fq_hw import ir
from fq_hw.plain import to_plain
from fq_hw.schedule.folding import Folding

__all__ = ["design_digest", "graph_digest"]

LETTERS = 32


def graph_digest(graph: ir.Graph) -> str:
    """Of every op, its fields and its arrays."""
    found = hashlib.sha256()
    for node in graph.nodes():
        for field, value in node.items():
            array = isinstance(value, np.ndarray)
            text = f"{value.dtype} {value.shape}" if array else json.dumps(to_plain(value))
            found.update(f"{field} {text}\n".encode())
            if array:
                found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()[:LETTERS]


def design_digest(graph: ir.Graph, folding: Folding) -> str:
    """Of a graph and how it is folded."""
    folded = json.dumps(to_plain(folding), sort_keys=True)
    return hashlib.sha256(f"{graph_digest(graph)} {folded}".encode()).hexdigest()[:LETTERS]
