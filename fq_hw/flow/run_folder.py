"""The folder of a training run: what it holds, who may write there, how a run goes on."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fq_hw import checkpoint, float_network
from fq_hw.checkpoint import Checkpoint
from fq_hw.ending import unfinished
from fq_hw.errors import ArtifactError, require
from fq_hw.files import (
    alone,
    check_path,
    read_rows,
    read_sealed,
    row_line,
    write_sealed,
    write_text,
)
from fq_hw.float_network import FloatNetwork
from fq_hw.layers import Layered, array_shapes

__all__ = ["RunFolder", "claimed", "read_metrics"]

STATE_BYTES = 24  # for each number of the network: itself and the optimizer's, with room
FIGURES = ("loss", "train", "test", "flips", "seconds")


@dataclass(frozen=True)
class RunFolder:
    """Paths in the folder of a run."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The weights that are kept."""
        return self.path / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        """A line for every epoch."""
        return self.path / "metrics.jsonl"

    @property
    def curve(self) -> Path:
        """The picture that is drawn at the end."""
        return self.path / "curve.png"

    @property
    def state(self) -> Path:
        """What ``--resume`` goes on with."""
        return self.path / "state.pt"

    def add_epoch(self, rows: list[dict], trained: Checkpoint, state: bytes) -> None:
        """Record the epoch of the last of ``rows``.

        The state comes last: a stop before it repeats this epoch, so that the files agree. What a
        first epoch leaves without a state nobody could go on with, so it is removed.
        """
        with ExitStack() as first:
            if len(rows) == 1:
                for file in (self.metrics, self.checkpoint):
                    first.enter_context(unfinished(file))
            write_text(self.metrics, "".join(f"{row_line(row)}\n" for row in rows))
            checkpoint.write(self.checkpoint, trained)
            write_sealed(self.state, state)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Of an earlier epoch, which was better."""
        return checkpoint.read(self.checkpoint).arrays

    def go_on(
        self, network: Layered | FloatNetwork, seed: int, unpack
    ) -> tuple[dict, list[dict], Mapping[str, str]]:
        """State, figures and the checkpoint's provenance of the epochs that are finished.

        Raises ArtifactError where one of the files is missing, damaged, or of another run.
        """
        where = f"fq-hw train --resume: {self.path}"
        for file in (self.state, self.metrics):
            require(file.is_file(), where, f"must hold {file.name}", kind=ArtifactError)
        of_float = isinstance(network, FloatNetwork)
        shapes = (float_network.array_shapes if of_float else array_shapes)(network)
        numbers = sum(math.prod(shape) for shape in shapes.values())
        most = STATE_BYTES * numbers + 2**22
        state = unpack(read_sealed(self.state, where, most=most), where)
        epoch = state.get("epoch")
        counted = type(epoch) is int and epoch >= 0
        require(counted, where, "the state must name an epoch", epoch, kind=ArtifactError)
        found = read_metrics(self.metrics, where)
        done = epoch + 1
        contract = f"metrics.jsonl needs {done} lines"
        require(len(found) >= done, where, contract, len(found), kind=ArtifactError)
        trained = checkpoint.read(self.checkpoint)
        same = trained.network == network and trained.provenance.get("seed") == str(seed)
        contract = "checkpoint.safetensors is of another network or seed"
        require(same, where, contract, hint="resume with the same", kind=ArtifactError)
        return state, found[:done], trained.provenance


def read_metrics(path: Path, where: str) -> list[dict]:
    """The figures of every epoch; ArtifactError, beginning with ``where``, where one is damaged."""
    rows = read_rows(path, where)
    for number, row in enumerate(rows):
        values = [row.get(name) for name in FIGURES] + [row.get("validation", 0.0)]
        whole = all(isinstance(value, int | float) for value in values)
        contract = f"line {number + 1} of {path.name} must have the figures of epoch {number}"
        require(whole and row.get("epoch") == number, where, contract, row, kind=ArtifactError)
    return rows


@contextmanager
def claimed(path: Path, resume: bool) -> Iterator[RunFolder]:
    """The folder ``path`` for this process alone; made where it is not there.

    Raises ArtifactError, by name, where another process trains in it, and, unless ``resume``,
    where it holds what a run would overwrite.
    """
    check_path(path, "--out")
    folder = RunFolder(path)
    if resume:
        contract = f"must hold {folder.state.name}"
        hint = "leave --resume out"
        where = f"fq-hw train --resume: {path}"
        require(folder.state.is_file(), where, contract, hint=hint, kind=ArtifactError)
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--out {path}: cannot be made a folder ({error.strerror}); name another"
        raise ArtifactError(message) from error
    allowed = os.access(path, os.W_OK | os.X_OK)
    contract = "you may not write to this folder"
    require(allowed, f"--out {path}", contract, hint="name another", kind=ArtifactError)
    with alone(path, f"--out {path}"):
        if not resume:
            refuse_to_overwrite(folder)
        try:
            yield folder
        finally:
            if made:
                with suppress(OSError):  # it holds an epoch
                    path.rmdir()


def refuse_to_overwrite(folder: RunFolder) -> None:
    """Nothing there is overwritten: neither a run, nor what somebody else has put there."""
    where = f"fq-hw train: {folder.path}"
    hint = "add --resume, or name another --out"
    fresh = not os.path.lexists(folder.state)
    require(fresh, where, "holds a run already", hint=hint, kind=ArtifactError)
    for file in (folder.checkpoint, folder.metrics, folder.curve):
        contract = f"holds {file.name} already, but no state.pt to go on with"
        fresh = not os.path.lexists(file)
        require(fresh, where, contract, hint="name another --out", kind=ArtifactError)
