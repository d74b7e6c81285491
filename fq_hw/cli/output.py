"""What a command hands back: data for ``--json``, text for people."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

__all__ = ["Output", "say"]


@dataclass(frozen=True)
class Output:
    """The result of a command, twice."""

    data: dict
    text: str


BEGAN = time.monotonic()


def say(line: str) -> None:
    """One line of progress, with the seconds since the start, on stderr; it may tell names.

    The work goes on where that is a full disk; BrokenPipeError where its reader has seen enough.
    """
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    try:
        print(f"[{time.monotonic() - BEGAN:6.1f} s] {plain}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        return
