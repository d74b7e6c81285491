"""A place to work in, and a network."""

from __future__ import annotations

import pytest
from networks import NETWORKS, random_checkpoint

from fq_hw import checkpoint


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """Commands write below the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def random_model(tmp_path):
    """A checkpoint file of a small network with random weights."""
    path = tmp_path / "gains.safetensors"
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    return path
