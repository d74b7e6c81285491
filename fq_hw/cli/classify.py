"""``fq-hw classify``: what the network says of pictures of your own."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.model import add_net_argument, add_pictures_argument
from fq_hw.cli.output import Output, say
from fq_hw.errors import require
from fq_hw.flow.activations import check_folder, check_names, save_layers_of
from fq_hw.flow.classify import On, Seen, check_hardware, classify, open_pictures
from fq_hw.report.table import table

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "classify",
        help="name what is on a picture, by the golden model or the simulated Verilog",
        description="Bring each picture to the network's size, as those of a data set are, and "
        "print its class, the five highest scores (integers; the highest wins) and the time. With "
        "--on sim the Verilog must give the golden model's scores in the predicted cycles.",
    )
    add_pictures_argument(parser, "+")
    add_net_argument(parser)
    parser.add_argument("--on", choices=[on.value for on in On], default=On.GOLDEN.value,
                        help="who answers (default golden)")  # fmt: skip
    parser.add_argument("--layers", type=Path, metavar="FOLDER",
                        help="write every tensor of each picture here, as a picture of its "
                        "channels")  # fmt: skip
    parser.add_argument("--layer", action="append", default=[], metavar="NAME",
                        help="only this tensor, as `fq-hw show` names it; may be given several "
                        "times")  # fmt: skip
    add_fold_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Read, classify, and draw the layers where that is asked for."""
    folder, hardware, on = args.layers, hardware_of(args), On(args.on)
    contract, hint = "chooses among what --layers writes", "add --layers FOLDER"
    require(folder is not None or not args.layer, "--layer", contract, args.layer, hint=hint)
    check_hardware(on, hardware)
    model = flow.load(args.net)
    check_names(model, args.layer)
    pictures = open_pictures(model, args.pictures)
    if folder is not None:
        check_folder(folder)
    design = model.design(hardware) if on is On.SIM else None
    seen, ran = classify(model, pictures, design, say)
    data, lines = {"network": model.name, "on": on.value, "pictures": [s.data() for s in seen]}, []
    if ran is not None:
        data["simulated cycles per second"] = ran.cycles / ran.seconds
        lines.append(
            f"simulated {ran.cycles:,} cycles in {ran.seconds:.1f} s; every score is the golden "
            "model's, every result came in the predicted cycle"
        )
    if folder is not None:
        written = save_layers_of(model, pictures, folder, args.layer)
        data["layers"] = [str(path) for path in written]
        lines.append(f"layers: {len(written)} pictures in {folder}")
    return Output(data, "\n".join([rows(seen), "", *lines]).rstrip())


def rows(seen: list[Seen]) -> str:
    """A line for each picture."""
    head, simulated = ("picture", "class", "top five scores (integers)", "golden ms"), ()
    if seen[0].cycle is not None:
        simulated = ("result in cycle", "predicted")
    return table(
        head + simulated,
        [
            (
                one.picture,
                one.name,
                ", ".join(f"{name}: {score:,}" for name, score in one.top()),
                1000 * one.seconds,
                *((one.cycle, one.predicted) if simulated else ()),
            )
            for one in seen
        ],
    )
