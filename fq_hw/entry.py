"""Where the command ``fq-hw`` begins: signals first, then the imports, which take a second."""

from __future__ import annotations

import sys

from fq_hw import ending

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process and end it."""
    ending.arm()
    status: object = 1
    try:
        from fq_hw.cli import main as command

        status = command()
    except SystemExit as end:  # argparse has said why
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    ending.leave(status if isinstance(status, int) else int(status is not None))
