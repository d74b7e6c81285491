"""Training configurations: one TOML file with the tables network, data and train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fq_hw.data import DataKind
from fq_hw.errors import ArtifactError, FqHwError
from fq_hw.files import check_path, read_toml
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network
from fq_hw.plain import from_plain
from fq_hw.traced import TorchModule

__all__ = ["EXAMPLE", "Config", "DataConfig", "read_config"]

EXAMPLE = "fq_hw/models/ern-digits.toml is an example"


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to train on.

    Fields  kind: its format; path: its folder, relative to the working directory
    """

    kind: DataKind
    path: str | None = None

    def __post_init__(self) -> None:
        if self.path is not None:
            check_path(self.path, "data")


@dataclass(frozen=True, kw_only=True)
class Config:
    """A configuration.

    Fields  network: its layers; data: what it learns from
            train: how it learns; this stays plain until torch is there to read it
    """

    network: Network | FloatNetwork | TorchModule
    data: DataConfig
    train: dict


def read_config(path: Path) -> Config:
    """Read a TOML configuration; errors name the file and the key."""
    tables = read_toml(path, f"config {path}", hint=EXAMPLE)
    try:
        return from_plain(Config, tables, "config")
    except FqHwError as error:
        raise ArtifactError(f"config {path}: {error}") from error
