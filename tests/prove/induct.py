"""Inductive invariants, found by property directed reachability (IC3) and checked by ABC.

ABC looks for clauses that hold at first, still hold after any step, and exclude what is bad. It
verifies those it found with another solver; without its word for that nothing counts as proven.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from fq_hw import child, toolbox
from fq_hw.errors import ToolError, require
from prove.circuit import DATA
from prove.table import BrokenError

__all__ = ["Induction", "UndecidedError", "bounded", "induction"]

# Options of the search, and for how many seconds: the second abstracts from what matters little,
# which wins where there are multipliers.
SEARCHES = (("", 20), ("-nct", 120))
CYCLES_SECONDS = 600


class UndecidedError(ToolError):
    """Neither an invariant nor a way to break the property was found in time."""


@dataclass(frozen=True)
class Induction:
    """How a property was proven.

    latches  of the circuit with what watches it
    frames   steps that were unrolled to find the invariant
    clauses  of the invariant
    """

    latches: int
    frames: int
    clauses: int

    def __str__(self) -> str:
        return f"{self.latches:,} bits, {self.clauses} clauses"


def abc(name: str, folder: Path, commands: str) -> str:
    """What ABC says to ``commands`` about NAME.data."""
    shutil.copy(folder / f"{name}.{DATA}", folder / f"{name}.aig")
    said: list[str] = []
    tool = toolbox.find("yosys-abc")
    call = f"read_aiger {name}.aig; print_stats; {commands}"
    status = child.follow([*tool.command, "-c", call], said.append, cwd=folder)
    text = re.sub(r"\x1b\[[\d;]*m", "", "".join(said))
    require(not status, tool.name, "must end well", text[-300:], kind=ToolError)
    return text


def latches(text: str) -> int:
    found = re.search(r"lat = +(\d+)", text)
    assert found, text
    return int(found[1])


def induction(name: str, folder: Path) -> Induction:
    """Prove that no bad_* of NAME.data is ever 1. Raises BrokenError where one can be.

    UndecidedError where neither is found in the time of ``SEARCHES``.
    """
    text = ""
    for options, seconds in SEARCHES:
        text = abc(name, folder, f"orpos; pdr -v {options} -T {seconds}")
        if "Property UNDECIDED" not in text:
            break
    if found := re.search(r"was asserted in frame (\d+)", text):
        raise BrokenError(f"{name}: breaks its property in cycle {found[1]}")
    proven = "Property proved." in text
    invariant = re.search(r"Invariant F\[(\d+)\] : (\d+) clauses", text)
    verified = re.search(r"Verification of invariant with \d+ clauses was successful", text)
    what = f"the property of {name} must be proven or broken, with an invariant that is verified"
    require(proven and invariant and verified, "yosys-abc", what, text[-300:], kind=UndecidedError)
    return Induction(latches(text), *map(int, invariant.groups()))


def bounded(name: str, folder: Path, cycles: int) -> int:
    """That no bad_* of NAME.data is 1 in the first ``cycles``; the latches of the circuit.

    Raises BrokenError where one can be. What comes later is not said.
    """
    text = abc(name, folder, f"orpos; bmc3 -F {cycles} -T {CYCLES_SECONDS}")
    if found := re.search(r"was asserted in frame (\d+)", text):
        raise BrokenError(f"{name}: breaks its property in cycle {found[1]}")
    done = re.search(r"No output asserted in (\d+) frames", text)
    reached = int(done[1]) if done else 0
    contract = f"{name} must be followed for {cycles} cycles within {CYCLES_SECONDS} s"
    require(reached >= cycles, "yosys-abc", contract, text[-300:], kind=ToolError)
    return latches(text)
