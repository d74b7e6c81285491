"""``fq-hw search``: fixed-point formats for a float network, layer by layer."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.images import add_source_arguments, kind_of
from fq_hw.cli.output import Output, say
from fq_hw.fixed.search import SearchConfig, Shape, Variant
from fq_hw.flow.search import Searched, search_here
from fq_hw.flow.search_goal import SearchGoal
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "search",
        help="quantize a float network, each layer with widths of its own",
        description="Search the bits of weights, biases and activations of every layer of a float "
        "network that `fq-hw train` made with hold_out: by the held-out images, and others if "
        "asked for, never by the test split, on which the result is then measured. Every decision "
        "goes to OUT.jsonl at once.",
    )
    parser.add_argument("model", type=Path, help="checkpoint of a float network")
    add_source_arguments(parser)
    parser.add_argument(
        "--variant",
        choices=[v.value for v in Variant],
        default=Variant.LAYERWISE.value,
        help="layerwise; independent: each tensor alone, then all together; uniform: no search",
    )
    defaults = SearchConfig()
    parser.add_argument(
        "--shape",
        choices=[s.value for s in Shape],
        help="how the budget grows from layer to layer: evenly, by the logarithm, or by what a bit "
        f"less of the layer saves (default {defaults.shape.value})",
    )
    parser.add_argument(
        "--target",
        type=float,
        help="relative loss of accuracy that weights and biases may cost, and activations again "
        f"(default {defaults.target})",
    )
    parser.add_argument(
        "--bits", type=int, default=defaults.bits, help=f"to start with (default {defaults.bits})"
    )
    parser.add_argument("--images", type=int, help="held-out images to judge by (default: all)")
    parser.add_argument(
        "--trained",
        type=int,
        default=0,
        help="judge by so many of the images that the network was trained on, too (default 0): "
        "for networks that know them hardly better than others",
    )
    parser.add_argument(
        "--copies",
        type=int,
        default=1,
        help="how often to use each of them, all but the first time moved by up to a pixel "
        "(default 1): more of them, and the formats fit other images better",
    )
    parser.add_argument(
        "--hardest",
        type=float,
        help="judge by this share of all these, those that the float network is least sure of: "
        "nearly all that change are among them (default 1: by all)",
    )
    parser.add_argument(
        "--equalize",
        action="store_true",
        help="first even out the channels of each layer's weights, which changes no float result",
    )
    parser.add_argument(
        "--compensate",
        action="store_true",
        help="round weights so that the layer's sums change least, and let biases keep their mean",
    )
    parser.add_argument(
        "--second-look",
        type=int,
        nargs="?",
        const=0,
        metavar="SPARE",
        help="afterwards take bits away one by one, wherever that costs least for what it saves, "
        "until the whole budget is spent; SPARE (default 0): give every weight and activation so "
        "many back before (takes longer; 2 often saves most)",
    )
    parser.add_argument("--mirror", action="store_true", help="mirror half of the copies, too")
    parser.add_argument("--out", type=Path, help="file (default build/search/NAME.VARIANT...)")
    parser.add_argument("--resume", action="store_true", help="go on where OUT.jsonl stopped")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Search, measure, write."""
    return told(search_here(goal_of(args), say))


def goal_of(args: argparse.Namespace) -> SearchGoal:
    """What the options ask for."""
    return SearchGoal(
        model=args.model,
        kind=kind_of(args),
        path=args.path,
        variant=Variant(args.variant),
        shape=Shape(args.shape) if args.shape else None,
        target=args.target,
        bits=args.bits,
        images=args.images,
        trained=args.trained,
        copies=args.copies,
        mirror=args.mirror,
        hardest=args.hardest,
        equalize=args.equalize,
        compensate=args.compensate,
        second_look=args.second_look,
        out=args.out,
        resume=args.resume,
        threads=args.threads,
    )


def told(found: Searched) -> Output:
    """Formats of every layer, accuracies, savings."""
    layers, data = found.layers, found.figures()
    head = ("layer", "weight", "bias", "activation")
    rows = [
        [row["layer"], *(f"{row[k][0]}, {row[k][1]}" if row[k] else "" for k in head[1:])]
        for row in layers
    ]
    figures = [[k, v] for k, v in data.items() if not isinstance(v, str)]
    text = (
        f"bits, binary places of every tensor\n{table(head, rows)}\n\n"
        f"{table(('', 'value'), figures)}\n\nwritten: {found.path}"
    )
    return Output(data | {"layers": layers}, text)
