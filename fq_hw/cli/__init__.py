"""The command line: read, call pure functions, print. One file a command."""

from fq_hw.cli.main import main

__all__ = ["main"]
