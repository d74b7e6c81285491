"""The choice of a loader."""

import pytest

from fq_hw.data import DataKind, dataset, load
from fq_hw.errors import ArtifactError, ParameterError


def test_every_kind_has_a_loader():
    assert set(dataset.LOADERS) | {DataKind.DIGITS} == set(DataKind)


@pytest.mark.parametrize("kind", sorted(dataset.LOADERS, key=lambda kind: kind.value))
def test_calls_the_loader_of_the_kind(monkeypatch, tmp_path, kind):
    monkeypatch.setitem(dataset.LOADERS, kind, lambda path, size: (kind, path, size))
    assert load(kind, tmp_path, (28, 28)) == (kind, tmp_path, (28, 28))


@pytest.mark.parametrize("kind", sorted(dataset.LOADERS, key=lambda kind: kind.value))
def test_needs_a_path_that_exists(tmp_path, kind):
    with pytest.raises(ParameterError, match=f"^data {kind.value}: needs the path of its folder"):
        load(kind, None, (32, 32))
    with pytest.raises(ArtifactError, match=r"^data .*none"):
        load(kind, tmp_path / "none", (32, 32))


def test_the_built_in_set_has_one_size():
    assert load(DataKind.DIGITS, None, (32, 32)).name == "digits over photographs"
    with pytest.raises(
        ParameterError, match=r"^data digits: images are 32 x 32 \(got \(28, 28\)\)$"
    ):
        load(DataKind.DIGITS, None, (28, 28))
