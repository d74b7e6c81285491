"""What a proof found, and how: a row of the table of `make prove`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BrokenError", "Proof"]


class BrokenError(Exception):
    """A property does not hold."""


@dataclass(frozen=True)
class Proof:
    """A property that holds.

    what    the property
    of      the component, and its parameters
    method  "all states", "induction" (an inductive invariant), "integers" (sums of all cells, for
            every input), "all inputs" (combinational), or "bounded, N cycles": nothing is said of
            what comes later
    size    bits of state, states, clauses, cells
    """

    what: str
    of: str
    method: str
    size: str
