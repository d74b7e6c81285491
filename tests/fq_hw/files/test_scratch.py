"""A temporary folder is gone at the end, and where none can be made one line says so."""

import os
import tempfile

import pytest

from fq_hw.errors import ArtifactError
from fq_hw.files import scratch_folder


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_gone_whatever_happens(tmp_path, error):
    with pytest.raises(error), scratch_folder(tmp_path / "deep") as place:
        (place / "a").write_text("half")
        raise error
    assert os.listdir(tmp_path / "deep") == []


def test_no_place_for_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"^temporary folder: .*file.*set TMPDIR to a folder"):
        scratch_folder(tmp_path / "file" / "deep").__enter__()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ArtifactError, match=r"^temporary folder: .*absent.*set TMPDIR to a folder"):
        scratch_folder().__enter__()
