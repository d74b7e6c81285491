"""``fq-hw export``: a checkpoint as an integer graph."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from fq_hw.cli.model import add_model_argument, load_model, output_path
from fq_hw.cli.output import Output
from fq_hw.ir import Add, Conv, Graph, serialize
from fq_hw.passes import lower_graph

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export",
        help="lower a checkpoint to an integer graph",
        description="Fold scales and norms into integer thresholds and write the graph.",
    )
    add_model_argument(parser)
    parser.add_argument("--out", type=Path, help="file (default build/NAME.graph.safetensors)")
    parser.set_defaults(run=run)


def trunk_bits(graph: Graph) -> int | None:
    """Widest sum of residuals, by range analysis."""
    return max((graph.types[op.name].bits for op in graph.ops if isinstance(op, Add)), default=None)


def run(args: argparse.Namespace) -> Output:
    """Export and save."""
    model = load_model(args.model)
    graph = lower_graph(model.graph)  # a graph file may hold one that is not
    path = output_path(args.out, f"{graph.name}.graph.safetensors")
    serialize.save(path, graph, model.source)
    data = {
        "graph": str(path),
        "ops": len(graph.ops),
        "binary weights": sum(op.weight.size for op in graph.ops if isinstance(op, Conv)),
        "trunk bits": trunk_bits(graph),
    }
    lines = [f"{key}: {'-' if value is None else value}" for key, value in data.items()]
    if model.exported:
        error = model.exported.ranking_error
        data["ranking error"] = error if math.isfinite(error) else None
        share = f"they differ by less than {error:.1e} of themselves"
        lines.append(
            "class scales are integers: two scores may rank otherwise than in float only where "
            + (share if math.isfinite(error) else "the scale of one is so small that it became 0")
        )
    return Output(data, "\n".join(lines))
