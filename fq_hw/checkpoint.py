"""Checkpoints: a network record and named float32 arrays in one safetensors file.

Reading runs no code from the file and checks everything that export relies on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.network import Network, array_shapes, from_plain, to_plain

__all__ = ["FORMAT", "Accuracy", "Checkpoint", "read", "write"]

FORMAT = 1
KEY = "fq_hw.checkpoint"


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Measured float accuracy: ``right`` of the ``images`` of the named data's test split."""

    data: str
    images: int
    right: int

    @property
    def percent(self) -> float:
        """Top-1 accuracy in percent."""
        return 100 * self.right / self.images


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained network: its record, its arrays, where it comes from, how good its float form is."""

    network: Network
    arrays: Mapping[str, np.ndarray]
    accuracy: Accuracy | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"checkpoint of {self.network.name!r}"
        shapes = array_shapes(self.network)
        missing = sorted(set(shapes) - set(self.arrays))
        require(not missing, where, f"lacks the arrays {missing[:3]}; train or export it again",
                f"{len(self.arrays)} arrays", ArtifactError)
        extra = sorted(set(self.arrays) - set(shapes))
        require(not extra, where, "must hold only the arrays of its network", extra[:3], ArtifactError)
        for name, shape in shapes.items():
            array = self.arrays[name]
            place = f"{where}, array {name}"
            require(array.shape == shape, place, f"must have shape {shape}", array.shape,
                    ArtifactError)
            require(array.dtype == np.float32, place, "must be float32", str(array.dtype),
                    ArtifactError)
            require(np.isfinite(array).all(), place, "must be finite", "it", ArtifactError)
            if name.endswith("running_var"):
                require((array >= 0).all(), place, "must not be negative", float(array.min()),
                        ArtifactError)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path``, whole or not at all; the same content gives the same bytes."""
    record = {
        "format": FORMAT,
        "network": to_plain(checkpoint.network),
        "accuracy": to_plain(checkpoint.accuracy),
        "provenance": dict(checkpoint.provenance),
    }
    metadata = {KEY: json.dumps(record, sort_keys=True)}
    ordered = dict(sorted(checkpoint.arrays.items()))
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(safetensors.numpy.save(ordered, metadata))
    os.replace(partial, path)


def read(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises ArtifactError when the file is absent, truncated, foreign, of another format version, or
    when its arrays are not those of its network.
    """
    where = f"checkpoint {path}"
    require(Path(path).is_file(), where, "must be a file", "there", ArtifactError)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        message = f"{where}: not a whole safetensors file ({error}); copy or train it again"
        raise ArtifactError(message) from error
    foreign = "is not from fq-hw (no record in its metadata); use `fq-hw train` to make one"
    require(KEY in metadata, where, foreign, sorted(metadata), ArtifactError)
    try:
        record = json.loads(metadata[KEY])
        version = record.get("format")
        require(version == FORMAT, where, f"must have format {FORMAT}", version, ArtifactError)
        network = from_plain(Network, record["network"], "network")
        accuracy = from_plain(Accuracy | None, record["accuracy"], "accuracy")
        provenance = {str(k): str(v) for k, v in record["provenance"].items()}
    except FqHwError as error:
        raise ArtifactError(f"{where}: {error}") from error
    except (json.JSONDecodeError, KeyError, AttributeError, TypeError) as error:
        raise ArtifactError(f"{where}: damaged record ({error!r}); train it again") from error
    try:
        return Checkpoint(
            network=network, arrays=arrays, accuracy=accuracy, provenance=provenance
        )
    except ArtifactError as error:
        raise ArtifactError(f"{where}: {error}") from error
