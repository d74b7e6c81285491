"""Where the command ``fq-hw`` begins: signals first, then the imports, which take a second."""

from __future__ import annotations

import os
import sys

from fq_hw import ending

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process and end it."""
    ending.arm()
    open_closed_streams()
    status: object = 1
    try:
        from fq_hw.cli import main as command

        status = command()
    except SystemExit as end:  # argparse has said why
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    ending.leave(status if isinstance(status, int) else int(status is not None))


def open_closed_streams() -> None:
    """Of the three standard streams, those that are closed become the null device.

    Else a file of ours would get the number of one, and hear what is meant for the screen; and what
    is printed to ``None`` goes to stdout.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
            stream = os.fdopen(number, "w" if number else "r", closefd=False)
            setattr(sys, name, stream)
