"""``fq-hw search``: fixed-point formats for a float network, layer by layer."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from fq_hw import checkpoint, data
from fq_hw.checkpoint import Accuracy
from fq_hw.cli.images import add_source_arguments, kind_of
from fq_hw.cli.output import Output, say
from fq_hw.cli.search_modes import config_of
from fq_hw.cli.search_report import report
from fq_hw.cli.search_steps import decide, first_layer, look_again
from fq_hw.data.source import check_classes
from fq_hw.errors import ToolError, require
from fq_hw.fixed import saved
from fq_hw.fixed.equalize import equalize
from fq_hw.fixed.fold import fold
from fq_hw.fixed.search import (
    Judge,
    SearchConfig,
    Shape,
    Variant,
    search,
    start,
    starting_formats,
)
from fq_hw.flow.calibration import calibration, hardest_first, with_copies
from fq_hw.flow.images import choose
from fq_hw.flow.paths import output_path
from fq_hw.flow.search_log import open_log
from fq_hw.flow.train import set_threads
from fq_hw.plain import to_plain

__all__ = ["add_parser"]

RANGE_IMAGES = 250  # by which activations get their starting range, as published
AT_ONCE = 2_000  # test images in memory
MOMENT_IMAGES = 500  # that tell what the layers read


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
    """Search, measure, write; the log is this process's until the end."""
    with ExitStack() as until_the_end:
        return run_with(args, until_the_end)


def run_with(args: argparse.Namespace, until_the_end: ExitStack) -> Output:
    """The same."""
    try:
        import torch
    except ImportError as error:
        remedy = "fq-hw search: needs torch; pip install -e '.[train]' in the project's folder"
        raise ToolError(remedy) from error
    from fq_hw.nn.fixed_point import Simulation, input_moments
    from fq_hw.nn.float_net import observe

    set_threads(torch, args.threads, "fq-hw search --threads")
    config, spare = config_of(args), args.second_look
    trained = checkpoint.read(args.model)
    folded, network = fold(trained), trained.network  # which refuses what is no float network
    if args.equalize:
        trained = equalize(trained)
        folded = fold(trained)
    kind, place = choose(kind_of(args), args.path, network.name, trained.source)
    images = data.load(kind, place, network.image)
    known = trained.source and trained.source.classes
    check_classes(images, network.name, network.classes, known)
    test = images.test()
    held = calibration(args, trained, images)
    hardest = 1.0 if args.hardest is None else args.hardest
    require(0 < hardest <= 1, "--hardest", "must be above 0 and at most 1", hardest)
    if args.copies > 1:
        held = with_copies(held, args.copies, args.mirror)
    path = output_path(args.out, f"search/{network.name}.{args.variant}.safetensors")
    origin = {
        "model": hashlib.sha256(args.model.read_bytes()).hexdigest(),
        "data": images.name,
        "images": len(held) // args.copies,
        "trained": args.trained,
        "copies": args.copies,
        "mirror": args.mirror,
        "hardest": hardest,
        "equalize": args.equalize,
        "compensate": args.compensate,
        "config": to_plain(config),
    }
    log = None
    if config.variant is not Variant.UNIFORM:
        log = until_the_end.enter_context(
            open_log(path.with_name(path.name + ".jsonl"), origin, args.resume, network)
        )

    say(f"float network on {len(held):,} calibration images")
    seen = observe(network, trained.arrays, held.images)
    largest = observe(network, trained.arrays, held.images[:RANGE_IMAGES]).largest
    if args.compensate:
        inputs = input_moments(network, trained.arrays, held.images[:MOMENT_IMAGES])
        folded = {k: dataclasses.replace(v, inputs=inputs[k]) for k, v in folded.items()}
    wrong = seen.logits.argmax(1) != held.labels
    order = hardest_first(seen.logits)
    judged = order[: math.ceil(hardest * len(held))]
    judge = Judge(right=int((~wrong).sum()), wrong=int(wrong[judged].sum()))
    simulation = Simulation(network, folded, held, judged)

    def make(bits: int) -> dict:
        return starting_formats(network, folded, largest, config, bits)

    formats = dict(start(config, judge, simulation, make, first_layer(network)))
    if log is not None:
        steps = search(network, formats, simulation, judge, config, log.decided)
        formats = decide(network, steps, log, judge)
        if spare is not None:
            formats = look_again(network, formats, spare, simulation, judge, config)
    whole = Simulation(network, folded, held, order).errors(formats)
    held_loss = (whole - int(wrong.sum())) / judge.right

    say(f"float and fixed-point network on {len(test):,} test images")
    logits = observe(network, trained.arrays, test.images).logits
    wrong = 0
    for begin in range(0, len(test), AT_ONCE):
        part = test.take(slice(begin, begin + AT_ONCE))
        wrong += Simulation(network, folded, part, np.arange(len(part))).errors(formats)
    result = saved.Saved(
        fixed=simulation.fixed(formats),
        accuracy=Accuracy(data=images.name, images=len(test), right=len(test) - wrong),
        float_accuracy=Accuracy(
            data=images.name,
            images=len(test),
            right=int((logits.argmax(1) == test.labels).sum()),
        ),
        source=trained.source,
        provenance={
            k: json.dumps(v, sort_keys=True) for k, v in {**origin, "second look": spare}.items()
        },
    )
    saved.write(path, result)
    return report(result, path, held_loss, log)
