"""``fq-hw export``: a checkpoint as an integer graph."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export",
        help="lower a checkpoint to an integer graph",
        description="Fold scales and norms into integer thresholds and write the graph.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    parser.add_argument("--out", type=Path, help="file (default build/NAME.graph.safetensors)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Export and save."""
    model = model_of(args).lowered()  # a graph file may hold one that is not
    path = flow.output_path(args.out, f"{model.name}.graph.safetensors")
    model.save(path)
    data = {
        "graph": str(path),
        "ops": len(model.graph.ops),
        "binary weights": model.weight_count,
        "trunk bits": model.trunk_bits,
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
