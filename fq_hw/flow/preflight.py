"""Whether hardware can take a network at all, asked before it is trained for hours."""

from __future__ import annotations

from fq_hw import export, ir
from fq_hw.float_network import FloatNetwork
from fq_hw.layers import EmbeddingKind, Layered
from fq_hw.passes import lower_graph
from fq_hw.schedule.choices import Choices
from fq_hw.schedule.resources import resources
from fq_hw.untrained import untrained

__all__ = ["check_hardware", "untrained_graph"]


def untrained_graph(network: Layered) -> ir.Graph:
    """The integer graph of a network with random weights: its shapes are those of a trained one."""
    exported = export.export(untrained(network))
    return lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))


def check_hardware(network: Layered | FloatNetwork) -> None:
    """Refuse what no folding can take; float networks become hardware by way of a search.

    Raises what the folding of the trained network would raise.
    """
    if isinstance(network, FloatNetwork):
        return
    embeddings = [one.embedding.kind for one in network.layers if one.embedding is not None]
    if EmbeddingKind.FLOAT not in embeddings:
        choices = Choices(untrained_graph(network), resources)
        choices.at(choices.intervals[-1])  # the slowest: what fits at no speed does not fit here
