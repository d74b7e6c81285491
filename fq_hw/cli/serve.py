"""``fq-hw serve``: a page on this machine that shows the network at work."""

from __future__ import annotations

import argparse

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.model import add_net_argument
from fq_hw.cli.output import say
from fq_hw.errors import ToolError
from fq_hw.flow.on_board import SIMULATED_PORTS, open_board

__all__ = ["add_parser"]

PORT = 8460


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "serve",
        help="a page on this machine: show the network a picture, see every layer and cycle",
        description="Pick, draw or photograph a picture in the browser, and see it as the network "
        "does: every tensor, the cycles in which each layer works, the answers of the golden model "
        "and of the simulated Verilog, and of a board where there is one. Nobody but a browser on "
        "this machine reaches the page.",
    )
    add_net_argument(parser)
    parser.add_argument("--port", type=int, default=PORT,
                        help=f"0 for any that is free (default {PORT})")  # fmt: skip
    parser.add_argument("--device", metavar="PORT",
                        help="a board that runs the network, as `fq-hw run --port` has it: its "
                        "answers are shown, too")  # fmt: skip
    add_fold_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Serve until a signal comes."""
    try:
        from fq_hw import serve
    except ModuleNotFoundError as error:
        message = f"serve: needs {error.name}; install it with: pip install -e '.[serve]'"
        raise ToolError(message) from error
    from fq_hw.flow.exhibit import Exhibit

    address = serve.open_port(args.port)
    model = flow.load(args.net)
    design = model.design(hardware_of(args))
    if args.device is None:
        serve.serve(Exhibit(model, design), address, say)
        return
    hardware = hardware_of(args) if args.device in SIMULATED_PORTS else None
    with open_board(model, args.device, hardware=hardware, report=say) as board:
        serve.serve(Exhibit(model, design, board, args.device), address, say)
