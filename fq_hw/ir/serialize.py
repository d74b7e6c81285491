"""Graphs as files: the nodes' arrays in safetensors, the rest as a JSON record beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fq_hw import artifact
from fq_hw.errors import ArtifactError, FqHwError
from fq_hw.ir.graph import Graph

__all__ = ["load", "save"]

KIND = "fq_hw.graph.1"


def save(path: Path, graph: Graph) -> None:
    """Write ``graph`` to ``path``; the same graph gives the same bytes."""
    nodes, arrays = [], {}
    for node in graph.nodes():
        plain = {}
        for field, value in node.items():
            if isinstance(value, np.ndarray):
                arrays[f"{node['name']}:{field}"] = value
            else:
                plain[field] = value
        nodes.append(plain)
    artifact.write(path, KIND, {"name": graph.name, "nodes": nodes}, arrays)


def load(path: Path) -> Graph:
    """Read a graph and check it as if it were new. Raises ArtifactError naming the file."""
    record, arrays = artifact.read(path, KIND, "fq-hw export")
    try:
        nodes = [dict(node) for node in record["nodes"]]
        by_name = {node["name"]: node for node in nodes}
        for key, array in arrays.items():
            name, _, field = key.rpartition(":")
            by_name[name][field] = array
        return Graph.from_nodes(record["name"], nodes)
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: damaged graph ({error!r}); export it again"
        raise ArtifactError(message) from error
