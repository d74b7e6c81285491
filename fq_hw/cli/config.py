"""Training configurations: one TOML file with the tables network, data and train."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from fq_hw.artifact import check_file
from fq_hw.data import DataKind
from fq_hw.errors import ArtifactError, FqHwError
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network, from_plain

__all__ = ["Config", "DataConfig", "read_config"]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to train on; ``path`` is relative to the working directory."""

    kind: DataKind
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """A configuration; ``train`` stays plain until torch is there to read it."""

    network: Network | FloatNetwork
    data: DataConfig
    train: dict


def read_config(path: Path) -> Config:
    """Read a TOML configuration; errors name the file and the key."""
    check_file(path, f"config {path}", "fq_hw/models/digits.toml is an example")
    try:
        return from_plain(Config, tomllib.loads(path.read_text(encoding="utf-8")), "config")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FqHwError) as error:
        raise ArtifactError(f"config {path}: {error}") from error
