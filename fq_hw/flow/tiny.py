"""MLPerf Tiny's models: what is asked of them, and their inputs as a set."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fq_hw.errors import ArtifactError, require
from fq_hw.files import read_bytes, write_bytes, write_text

__all__ = ["MOST_BYTES", "TASKS", "Task", "write_inputs"]

MOST_BYTES = 2**26  # of a file


@dataclass(frozen=True, kw_only=True)
class Task:
    """A model: its file, its inputs' names, shape and scores, its folding, its published rate.

    Where it fits a small board, which: the first and last tensors of its stage in turn, the array.
    """

    file: str
    inputs: str
    shape: tuple[int, ...]
    scores: int
    cycles: int
    mhz: int
    published: float
    levels: int = 2  # of adders between registers
    in_turn: tuple[str, str, str] | None = None


TASKS = {
    "ic": Task(file="ic_resnet8_int8", inputs="imgc_*.dat", shape=(32, 32, 3), scores=10,
               cycles=28_000, mhz=95, published=2_431, levels=3),
    "kws": Task(file="kws_dscnn_int8", inputs="kws_*.dat", shape=(49, 10, 1), scores=12,
                cycles=10_000, mhz=95, published=3_088,
               in_turn=("CONV_2D_0", "CONV_2D_8", "2x4x8")),
    "vww": Task(file="vww_mobilenetv1_025_int8", inputs="vww_*.dat", shape=(96, 96, 3), scores=2,
                cycles=74_000, mhz=95, published=105),
    "ad": Task(file="ad_autoencoder_int8", inputs="anomd_*.dat", shape=(640,), scores=640,
               cycles=1_300, mhz=95, published=53_365),
}  # fmt: skip


def write_inputs(task: Task, folder: Path, to: Path, count: int) -> None:
    """Write ``count`` inputs as a set: those given in ``folder``, int8 one after the other, then
    random bytes, the same everywhere. Nobody knows what these are: all labels are 0.

    Raises ArtifactError for a file that does not hold whole inputs.
    """
    dice, size, found = np.random.default_rng(0), int(np.prod(task.shape)), []
    for path in sorted(folder.glob(task.inputs)):
        raw = np.frombuffer(read_bytes(path, str(path), most=MOST_BYTES), np.int8)
        contract = f"must hold int8 inputs of {task.shape}"
        whole = raw.size and raw.size % size == 0
        require(whole, str(path), contract, raw.size, kind=ArtifactError)
        found += list(raw.reshape(-1, size))
    more = dice.integers(-128, 128, (max(count - len(found), 0), size)).astype(np.int8)
    images = np.concatenate([np.array(found, np.int8).reshape(-1, size), more])[:count]
    arrays = {"images": images.reshape(count, *task.shape), "labels": np.zeros(count, np.int64)}
    for stem, array in arrays.items():
        content = io.BytesIO()
        np.lib.format.write_array(content, array, allow_pickle=False)
        write_bytes(to / f"{stem}.npy", content.getvalue(), "inputs")
    write_text(to / "classes.txt", "".join(f"{n}\n" for n in range(task.scores)), "inputs")
