"""Fixed-point networks as files: formats, integer codes, what was measured of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fq_hw import artifact
from fq_hw.checkpoint import Accuracy
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.fixed.format import Format
from fq_hw.fixed.network import FixedNetwork, Role, tensors
from fq_hw.float_network import FloatNetwork
from fq_hw.plain import from_plain, to_plain

__all__ = ["KIND", "Saved", "read", "write"]

KIND = "fq_hw.fixed.2"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A fixed-point network, its accuracy and its float origin's on the test split, its history.

    ``source``: the images and classes it knows, as in a checkpoint.
    """

    fixed: FixedNetwork
    accuracy: Accuracy
    float_accuracy: Accuracy
    provenance: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None

    def __post_init__(self) -> None:
        network = self.fixed.network
        if self.source is not None:
            where = f"fixed-point network {network.name!r}"
            self.source.check(network.image, network.classes, where)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the file says beside its arrays; ``formats`` are bits and fraction of each tensor."""

    network: FloatNetwork
    formats: dict[str, tuple[int, int]]
    accuracy: Accuracy
    float_accuracy: Accuracy
    provenance: dict[str, str]
    data: Source | None = None


def write(path: Path, saved: Saved) -> None:
    """Write whole or not at all; codes take 1, 2 or 4 bytes, as their format needs."""
    fixed = saved.fixed
    record = Record(
        network=fixed.network,
        formats={str(t): (f.bits, f.fraction) for t, f in fixed.formats.items()},
        accuracy=saved.accuracy,
        float_accuracy=saved.float_accuracy,
        provenance=dict(saved.provenance),
        data=saved.source,
    )
    arrays = {
        str(t): codes.astype(np.min_scalar_type(-fixed.formats[t].limit - 1))
        for t, codes in fixed.codes.items()
    }
    artifact.write(path, KIND, to_plain(record), arrays)


def read(path: Path) -> Saved:
    """Read and check; raises ArtifactError for a file that is none, or whose codes do not fit."""
    record, arrays = artifact.read(path, KIND, "fq-hw search")
    try:
        found = from_plain(Record, record, "record")
        formats, codes = {}, {}
        named = {str(t): t for t in tensors(found.network)}
        for name, (bits, fraction) in found.formats.items():
            require(name in named, "formats", "must name tensors of the network", name)
            formats[named[name]] = Format(bits, fraction)
        for name, array in arrays.items():
            whole = name in named and named[name].role is not Role.ACTIVATION
            require(whole, "arrays", "must be weights and biases of the network", name)
            signed = np.issubdtype(array.dtype, np.signedinteger)
            require(signed, f"array {name}", "must hold signed integers", str(array.dtype))
            codes[named[name]] = array.astype(np.int64)
        return Saved(
            fixed=FixedNetwork(network=found.network, formats=formats, codes=codes),
            accuracy=found.accuracy,
            float_accuracy=found.float_accuracy,
            provenance=found.provenance,
            source=found.data,
        )
    except FqHwError as error:
        raise ArtifactError(f"{path}: {error}") from error
