"""``fq-hw show``: a model as text."""

from __future__ import annotations

import argparse

from fq_hw.cli.model import add_model_argument, add_untrained_argument, model_of
from fq_hw.cli.output import Output
from fq_hw.ir import text

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "show",
        help="print the integer graph, one op a line, and the names of its classes",
        description="Print every op with its shape, exact width and parameters.",
    )
    add_model_argument(parser)
    add_untrained_argument(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Text of the graph after all passes."""
    model = model_of(args)
    graph = model.graph
    ops = [
        {"name": op.name, "op": type(op).__name__, "type": str(graph.types[op.name])}
        for op in graph.ops
    ]
    data, lines = {"name": graph.name, "ops": ops}, [text.to_text(graph).rstrip()]
    if model.source is not None:
        data |= {"data": model.source.kind.value, "classes": list(model.source.classes)}
        named = ", ".join(f"{label} {name}" for label, name in enumerate(model.source.classes))
        lines.append(f"classes: {named}")
    return Output(data, "\n".join(lines))
