"""The records of ``fq-hw accuracy``: a line for every run that is finished."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import read_rows
from fq_hw.flow.study import Run
from fq_hw.plain import from_plain

__all__ = ["key", "key_of", "read_log", "recorded"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A line of a record: accuracies in percent, ``flips`` and test accuracy of every epoch."""

    variant: str
    seed: int
    float: float
    golden: float | None
    images: int
    epochs: int
    seconds: int
    flips: tuple[float, ...]
    curve: tuple[float, ...]
    machine: str

    def __post_init__(self) -> None:
        contract = "flips must have a figure for every epoch"
        require(len(self.flips) == self.epochs >= 1, "record", contract, len(self.flips))


def read_log(log: Path) -> list[dict]:
    """Lines of a record; those of an earlier version have no check."""
    if not os.path.lexists(log):
        return []
    rows, earlier = read_rows(log, f"record {log}", bare=True), set()
    for number, row in enumerate(rows, 1):
        where = f"record {log}: line {number}"
        try:
            from_plain(Record, row, where)
        except FqHwError as error:
            raise ArtifactError(f"{error}; remove the line") from error
        again = key_of(row) in earlier
        earlier.add(key_of(row))
        contract = "records a run that an earlier line has"
        require(not again, where, contract, hint="remove one of them", kind=ArtifactError)
    return rows


def key(one: Run) -> tuple[str, int, int]:
    """What tells the runs of a study apart in its record: variant, seed, epochs."""
    return one.variant.name, one.seed, one.config.train["epochs"]


def key_of(row: dict) -> tuple[str, int, int]:
    """The same of a line of the record."""
    return row["variant"], row["seed"], row["epochs"]


def recorded(log: Path, one: Run) -> bool:
    """Whether the record has this run."""
    return key(one) in map(key_of, read_log(log))
