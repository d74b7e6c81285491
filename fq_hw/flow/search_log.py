"""What a search has decided so far, a line of JSON each, so that it can go on after a stop."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fq_hw.errors import ArtifactError, FqHwError, one_of, require
from fq_hw.files import add_row, alone, drop_torn_line, read_rows, read_text, row_line
from fq_hw.fixed.format import Format
from fq_hw.fixed.network import Tensor, tensors
from fq_hw.fixed.search import Decision
from fq_hw.float_network import FloatNetwork
from fq_hw.plain import from_plain

__all__ = ["SearchLog", "open_log"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of the log: a decision, and the seconds that it took."""

    tensor: str
    bits: int
    fraction: int
    errors: int
    tried: int
    seconds: float


@dataclass
class SearchLog:
    """Decisions in order; the first line of the file says of which search they are."""

    path: Path
    decided: dict[Tensor, Decision] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, decision: Decision, seconds: float) -> None:
        """Write a decision that took so long."""
        if decision.tensor in self.decided:
            return
        row = {
            "tensor": str(decision.tensor),
            "bits": decision.form.bits,
            "fraction": decision.form.fraction,
            "errors": decision.errors,
            "tried": decision.tried,
            "seconds": round(seconds, 1),
        }
        add_row(self.path, row)
        self.decided[decision.tensor] = decision
        self.seconds += row["seconds"]


@contextmanager
def open_log(
    path: Path, origin: Mapping, resume: bool, network: FloatNetwork
) -> Iterator[SearchLog]:
    """Begin a log, or read the one that an earlier run left; nobody else does meanwhile.

    ``origin`` is all that a decision depends on. Raises ArtifactError where a log is there and not
    to be resumed, or the other way round, is damaged, or is of another search.
    """
    where = f"fq-hw search: {path}"
    there = os.path.lexists(path)
    if resume:
        hint = "leave --resume out"
        require(there, where, "there is no search to resume", hint=hint, kind=ArtifactError)
    else:
        contract, hint = "holds a search already", "add --resume, or name another --out"
        require(not there, where, contract, hint=hint, kind=ArtifactError)
        add_row(path, {"origin": origin})
    with alone(path, where):
        yield read_log(path, origin, network, where)


def read_log(path: Path, origin: Mapping, network: FloatNetwork, where: str) -> SearchLog:
    """The decisions of a log, whose first line is to name the same ``origin``."""
    log, named = SearchLog(path), {str(t): t for t in tensors(network)}
    rows, first = read_rows(path, where), {"origin": origin}
    if not rows:
        torn = row_line(first).startswith(read_text(path, where))  # by an interrupt
        require(torn, where, "is no log of a search", kind=ArtifactError)
        drop_torn_line(path)
        add_row(path, first)
        return log
    before = rows[0].get("origin")
    require(isinstance(before, dict), where, "is no log of a search", kind=ArtifactError)
    changed = sorted(key for key in origin if before.get(key) != origin[key])
    contract = f"this search differs in {', '.join(changed)}"
    hint = "search with the same, or name another --out"
    require(not changed, where, contract, hint=hint, kind=ArtifactError)
    for number, row in enumerate(rows[1:], 2):
        place = f"{where}: line {number}"
        try:
            step = from_plain(Step, row, place)
            one_of(step.tensor, named, place, "tensor must be one of the network's")
            form = Format(step.bits, step.fraction)
        except FqHwError as error:
            raise ArtifactError(f"{error}; remove the file and begin anew") from error
        tensor = named[step.tensor]
        log.decided[tensor] = Decision(
            tensor=tensor, form=form, errors=step.errors, tried=step.tried
        )
        log.seconds += step.seconds
    drop_torn_line(path)  # now that it is known to be ours
    return log
