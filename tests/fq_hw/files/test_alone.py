"""Two at a time do not meet."""

import os

import pytest

from fq_hw.errors import ArtifactError
from fq_hw.files import alone


@pytest.mark.parametrize("name", [".", "file"])
def test_one_at_a_time(tmp_path, name):
    place = tmp_path / name
    (tmp_path / "file").touch()
    for _ in range(2):
        with (
            alone(place, "--out x"),
            pytest.raises(ArtifactError, match="^--out x: another fq-hw works there; wait for it"),
            alone(place, "--out x"),
        ):
            pass
    assert os.listdir(tmp_path) == ["file"]


def test_nothing_there(tmp_path):
    with pytest.raises(ArtifactError, match="^it: cannot be opened"), alone(tmp_path / "x", "it"):
        pass
