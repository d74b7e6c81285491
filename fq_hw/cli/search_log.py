"""What a search has decided so far, a line of JSON each, so that it can go on after a stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fq_hw.errors import ArtifactError, require
from fq_hw.fixed.format import Format
from fq_hw.fixed.network import Tensor, tensors
from fq_hw.fixed.search import Decision
from fq_hw.float_network import FloatNetwork

__all__ = ["SearchLog", "open_log"]


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
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        self.decided[decision.tensor] = decision
        self.seconds += row["seconds"]


def open_log(path: Path, origin: Mapping, resume: bool, network: FloatNetwork) -> SearchLog:
    """Begin a log, or read the one that an earlier run left.

    ``origin`` is all that a decision depends on. Raises ArtifactError where a log is there and not
    to be resumed, or the other way round, is damaged, or is of another search.
    """
    where = f"fq-hw search: {path}"
    if not resume:
        contract, hint = "holds a search already", "add --resume, or name another --out"
        require(not path.exists(), where, contract, hint=hint, kind=ArtifactError)
        path.write_text(json.dumps({"origin": origin}, sort_keys=True) + "\n")
        return SearchLog(path)
    hint = "leave --resume out"
    require(path.is_file(), where, "there is no search to resume", hint=hint, kind=ArtifactError)
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]  # a stop may have torn the last line
    if whole != text:
        path.write_text(whole)
    log, named = SearchLog(path), {str(t): t for t in tensors(network)}
    try:
        first, *rows = (json.loads(line) for line in whole.splitlines())
        before = first["origin"]
        for row in rows:
            tensor, form = named[row["tensor"]], Format(row["bits"], row["fraction"])
            log.decided[tensor] = Decision(
                tensor=tensor, form=form, errors=row["errors"], tried=row["tried"]
            )
            log.seconds += row["seconds"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{where}: is damaged ({error!r}); remove it and begin anew"
        raise ArtifactError(message) from error
    changed = sorted(key for key in origin if before.get(key) != origin[key])
    contract = f"this search differs in {', '.join(changed)}"
    hint = "search with the same, or name another --out"
    require(not changed, where, contract, hint=hint, kind=ArtifactError)
    return log
