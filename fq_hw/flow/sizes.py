"""Networks that are not trained yet: their sizes and cycles are those of the trained ones."""

from __future__ import annotations

from pathlib import Path

from fq_hw import export, ir
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_toml
from fq_hw.float_network import FloatNetwork
from fq_hw.flow.config import EXAMPLE
from fq_hw.flow.model import Model, load_model
from fq_hw.flow.torch_module import resolved
from fq_hw.network import Network
from fq_hw.passes import lower_graph
from fq_hw.plain import from_plain
from fq_hw.traced import TorchModule
from fq_hw.untrained import untrained

__all__ = ["UNTRAINED", "load_sized", "load_untrained"]

UNTRAINED = "untrained: sizes only"


def load_sized(path: Path) -> Model:
    """Read a model, or the table ``network`` of a configuration, with random weights."""
    return load_untrained(path) if path.suffix == ".toml" else load_model(path)


def load_untrained(path: Path) -> Model:
    """Read the table ``network`` of a configuration; the weights are random, always the same.

    Raises ArtifactError for a file that is none.
    """
    where = f"config {path}"
    contract, hint = "must be a configuration, *.toml", "what is trained has its own weights"
    require(path.suffix == ".toml", where, contract, hint=hint, kind=ArtifactError)
    tables = read_toml(path, where, hint=EXAMPLE)
    try:
        require("network" in tables, "file", "has no table [network]", sorted(tables))
        kinds = Network | FloatNetwork | TorchModule
        network, _ = resolved(from_plain(kinds, tables["network"], "network"), path.parent)
        contract = "is a float network, whose widths nobody knows before `fq-hw search`"
        hint = "train it, search, and size what comes out"
        require(not isinstance(network, FloatNetwork), network.name, contract, hint=hint)
        exported = export.export(untrained(network))
        graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    except FqHwError as error:
        raise ArtifactError(f"{where}: {error}") from error
    return Model(graph=graph, exported=exported, weights=UNTRAINED, path=path)
