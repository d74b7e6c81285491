"""Checkpoints: a network record and named float32 arrays in one safetensors file.

Reading runs no code from the file and checks everything that export relies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fq_hw import artifact, float_network
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.float_network import FloatNetwork
from fq_hw.layers import array_shapes
from fq_hw.network import Network
from fq_hw.plain import from_plain, to_plain
from fq_hw.traced import TracedNetwork

__all__ = ["Accuracy", "Checkpoint", "read", "write"]

KIND = "fq_hw.checkpoint.2"
LONGEST_NAME = 300  # of a set: its kind and its folder


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Measured float accuracy: ``right`` of the ``images`` of the named data's test split."""

    data: str
    images: int
    right: int

    def __post_init__(self) -> None:
        plain = self.data.isprintable() and len(self.data) <= LONGEST_NAME
        contract = f"data must be one line of at most {LONGEST_NAME} printable characters"
        require(plain, "Accuracy", contract, self.data)
        require(self.images >= 1, "Accuracy", "images must be at least 1", self.images)
        counted = 0 <= self.right <= self.images
        require(counted, "Accuracy", f"right must be in 0..{self.images}", self.right)

    @property
    def percent(self) -> float:
        """Top-1 accuracy in percent."""
        return 100 * self.right / self.images


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained network: record, arrays, where it comes from, how good its float form is.

    ``source``: the images and classes it knows; None in files from before there was such a record.
    """

    network: Network | TracedNetwork | FloatNetwork
    arrays: Mapping[str, np.ndarray]
    accuracy: Accuracy | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None

    def __post_init__(self) -> None:
        where = f"checkpoint of {self.network.name!r}"
        if self.source is not None:
            self.source.check(self.network.image, self.network.classes, where)
        of_float = isinstance(self.network, FloatNetwork)
        shapes = (float_network.array_shapes if of_float else array_shapes)(self.network)
        missing = sorted(set(shapes) - set(self.arrays))
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        contract = f"lacks the arrays {', '.join(missing[:3])}{more}"
        require(not missing, where, contract, hint="train it again", kind=ArtifactError)
        extra = sorted(set(self.arrays) - set(shapes))
        require(
            not extra,
            where,
            "must hold only the arrays of its network",
            extra[:3],
            kind=ArtifactError,
        )
        for name, shape in shapes.items():
            array = self.arrays[name]
            place = f"{where}, array {name}"
            require(
                array.shape == shape,
                place,
                f"must have shape {shape}",
                array.shape,
                kind=ArtifactError,
            )
            require(
                array.dtype == np.float32,
                place,
                "must be float32",
                str(array.dtype),
                kind=ArtifactError,
            )
            wild = array[~np.isfinite(array)]
            require(not wild.size, place, "must be finite", wild[:1].tolist(), kind=ArtifactError)
            if name.endswith("running_var"):
                require(
                    (array >= 0).all(),
                    place,
                    "must not be negative",
                    float(array.min()),
                    kind=ArtifactError,
                )


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the file says beside its arrays; ``data`` is the source."""

    network: Network | TracedNetwork | FloatNetwork
    accuracy: Accuracy | None
    provenance: dict[str, str]
    data: Source | None = None


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write whole or not at all; the same content gives the same bytes."""
    record = Record(
        network=checkpoint.network,
        accuracy=checkpoint.accuracy,
        provenance=dict(checkpoint.provenance),
        data=checkpoint.source,
    )
    artifact.write(path, KIND, to_plain(record), checkpoint.arrays)


def read(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises ArtifactError when the file is absent, truncated, foreign, of another format version, or
    when its arrays are not those of its network.
    """
    record, arrays = artifact.read(path, KIND, "fq-hw train")
    try:
        found = from_plain(Record, record, "record")
        return Checkpoint(
            network=found.network,
            arrays=arrays,
            accuracy=found.accuracy,
            provenance=found.provenance,
            source=found.data,
        )
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error
