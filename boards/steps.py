"""Progress of a build: a line where a step begins and ends, and for the router's stages."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Step"]

STAGES = {  # how a line of nextpnr's output starts, and what to call what it begins
    "Info: Packing constants": "packing",
    "Info: Creating initial": "placing",
    "Info: Running main analytical placer": "placing, analytical",
    "Info: Running Static placer": "placing, analytical",
    "Info: Running simulated annealing": "placing, refinement",
    "Info: Running Refinement": "placing, refinement",
    "Info: Routing globals": "routing clocks",
    "Info: Routing..": "routing",
    "Info: Running router2": "routing",
    "Info: Router1 time": "routed",
    "Info: Router2 time": "routed",
}


class Step:
    """A step of the build, told when it begins, goes on, and ends."""

    def __init__(self, report: Callable[[str], None], what: str):
        self._report = report
        self._what = what
        self._stages: set[str] = set()

    def __enter__(self) -> Step:
        self._began = time.monotonic()
        self._report(f"{self._what} ...")
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._report(f"{self._what}: {'failed' if kind else 'done'} after {self._elapsed()}")

    def stage(self, line: str) -> None:
        """Report a line of nextpnr's that begins a stage not yet reported."""
        for start, name in STAGES.items():
            if line.startswith(start) and name not in self._stages:
                self._stages.add(name)
                self._report(f"  {name} (at {self._elapsed()})")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"
