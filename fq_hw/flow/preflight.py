"""Whether hardware can take a network at all, asked before it is trained for hours."""

from __future__ import annotations

from fq_hw import checkpoint, export, ir
from fq_hw.float_network import FloatNetwork
from fq_hw.network import EmbeddingKind, Network
from fq_hw.passes import lower_graph
from fq_hw.schedule.choices import Choices
from fq_hw.schedule.resources import resources

__all__ = ["check_hardware", "untrained_graph"]


def untrained_graph(network: Network) -> ir.Graph:
    """The integer graph of a network with random weights: its shapes are those of a trained one."""
    import torch

    from fq_hw.nn.network import ErnNet
    from fq_hw.nn.training import arrays

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        values = arrays(ErnNet(network))
    values |= {name: array + 1 for name, array in values.items() if name.endswith(".width")}
    exported = export.export(checkpoint.Checkpoint(network=network, arrays=values))
    return lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))


def check_hardware(network: Network | FloatNetwork) -> None:
    """Refuse what no folding can take; float networks become hardware by way of a search.

    Raises what the folding of the trained network would raise.
    """
    of_float = isinstance(network, FloatNetwork) or network.embedding.kind is EmbeddingKind.FLOAT
    if not of_float:
        choices = Choices(untrained_graph(network), resources)
        choices.at(choices.intervals[-1])  # the slowest: what fits at no speed does not fit here
