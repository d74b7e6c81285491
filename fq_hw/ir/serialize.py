"""Graphs as files: the nodes' arrays in safetensors, the rest as a JSON record beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fq_hw import artifact
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.ir.graph import Graph
from fq_hw.plain import from_plain, to_plain

__all__ = ["load", "load_with_source", "save"]

KIND = "fq_hw.graph.2"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the file says beside its arrays, which are called NODE:FIELD; ``data`` is the source."""

    name: str
    nodes: tuple[dict, ...]
    data: Source | None = None


def save(path: Path, graph: Graph, source: Source | None = None) -> None:
    """Write ``graph`` to ``path``; the same graph gives the same bytes.

    ``source``: the images and classes it knows, where its checkpoint says so.
    """
    nodes, arrays = [], {}
    for node in graph.nodes():
        plain = {}
        for field, value in node.items():
            if isinstance(value, np.ndarray):
                arrays[f"{node['name']}:{field}"] = value
            else:
                plain[field] = value
        nodes.append(plain)
    record = {"name": graph.name, "nodes": nodes, "data": to_plain(source)}
    artifact.write(path, KIND, record, arrays)


def load(path: Path) -> Graph:
    """Read a graph and check it as if it were new. Raises ArtifactError naming the file."""
    return load_with_source(path)[0]


def load_with_source(path: Path) -> tuple[Graph, Source | None]:
    """The same, and what it was trained on where the file says so."""
    record, arrays = artifact.read(path, KIND, "fq-hw export")
    try:
        found = from_plain(Record, record, "record")
        by_name = {str(node.get("name")): node for node in found.nodes}
        for key, array in arrays.items():
            name, _, field = key.rpartition(":")
            free = name in by_name and field not in by_name[name]
            contract = "must be a field, not given yet, of a node of the graph"
            require(free, f"array {key!r}", contract)
            by_name[name][field] = array
        graph, source = Graph.from_nodes(found.name, found.nodes), found.data
        if source is not None:
            source.check(graph.input.shape, graph.classes, f"graph {graph.name!r}")
        return graph, source
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error
