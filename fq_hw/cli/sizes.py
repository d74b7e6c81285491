"""A model whose sizes alone count: trained, or a configuration that nobody has trained yet."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from fq_hw import export, ir
from fq_hw.cli.config import EXAMPLE
from fq_hw.cli.model import SHIPPED, load_model
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_toml
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network
from fq_hw.passes import lower_graph
from fq_hw.plain import from_plain
from fq_hw.untrained import untrained

__all__ = ["Sized", "add_sized_argument", "load_sized"]

UNTRAINED = "untrained: sizes only"


@dataclass(frozen=True, kw_only=True)
class Sized:
    """A graph to size; ``weights`` says what its weights are worth: None where they are trained."""

    graph: ir.Graph
    weights: str | None

    @property
    def note(self) -> str:
        """A line to print before the figures; nothing for a trained model."""
        return f"{self.weights} ({self.graph.name})\n\n" if self.weights else ""


def add_sized_argument(parser: argparse.ArgumentParser) -> None:
    """What ``load_sized`` reads; the shipped network by default."""
    parser.add_argument(
        "model",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="checkpoint, exported graph, or the TOML configuration of a network that is not "
        "trained yet (default: the shipped network)",
    )


def load_sized(path: Path) -> Sized:
    """Read a model, or the table ``network`` of a configuration, with random weights."""
    if path.suffix != ".toml":
        return Sized(graph=load_model(path).graph, weights=None)
    where = f"config {path}"
    tables = read_toml(path, where, hint=EXAMPLE)
    try:
        require("network" in tables, "file", "has no table [network]", sorted(tables))
        network = from_plain(Network | FloatNetwork, tables["network"], "network")
        contract = "is a float network, whose widths nobody knows before `fq-hw search`"
        hint = "train it, search, and size what comes out"
        require(isinstance(network, Network), network.name, contract, hint=hint)
        exported = export.export(untrained(network))
        graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    except FqHwError as error:
        raise ArtifactError(f"{where}: {error}") from error
    return Sized(graph=graph, weights=UNTRAINED)
