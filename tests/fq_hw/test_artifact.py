"""The container of checkpoints and graphs: whole or refused, and the same bytes every time."""

import json

import numpy as np
import pytest
import safetensors.numpy

from fq_hw import artifact
from fq_hw.errors import ArtifactError

KIND = "fq_hw.test.1"
RECORD = {"name": "x", "counts": [1, 2.5, None, True], "text": "é\n"}
ARRAYS = {
    "b": np.arange(12, dtype=np.int8).reshape(3, 4),
    "a": np.array([np.inf, -0.0, 1e-300]),
    "c:d": np.zeros((0, 2), np.float32),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.safetensors"
    artifact.write(path, KIND, RECORD, ARRAYS)
    return path


def refusal(path, kind=KIND):
    with pytest.raises(ArtifactError) as caught:
        artifact.read(path, kind, "fq-hw make")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "`fq-hw make`" in message
    return message.removeprefix(f"{path}: ")


def test_round_trip(path):
    record, arrays = artifact.read(path, KIND, "fq-hw make")
    assert record == RECORD
    assert sorted(arrays) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert np.signbit(arrays["a"][1])


def test_same_content_same_bytes_and_nothing_else_left(path, tmp_path):
    other = tmp_path / "y"
    record = dict(reversed(RECORD.items()))
    arrays = {name: np.asfortranarray(a) for name, a in reversed(ARRAYS.items())}
    artifact.write(other, KIND, record, arrays)
    assert other.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.safetensors", "y"]


def test_a_failed_write_leaves_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        artifact.write(path, KIND, {"not json": {1, 2}}, ARRAYS)
    assert path.read_bytes() == before


def test_refuses_an_absent_file_and_a_folder(tmp_path):
    assert refusal(tmp_path / "none").startswith("there is no such file; `")
    assert refusal(tmp_path).startswith("is a folder, not a file; `")


@pytest.mark.parametrize("keep", [0, 4, 8, 60, -1])
def test_refuses_a_truncated_file(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal(path).startswith("not a whole safetensors file")


def test_refuses_another_kind_and_version(path):
    for kind in ("fq_hw.test.2", "fq_hw.other.1"):
        assert refusal(path, kind).startswith(f"is no file of the kind {kind}")


def test_refuses_a_foreign_file(path):
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, metadata))
        assert refusal(path).startswith("is no file of the kind")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", "null", '{"kind": "x"}', json.dumps({"kind": KIND, "record": {}})],
)
def test_refuses_a_damaged_record(path, text):
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, {"fq_hw": text}))
    assert refusal(path).startswith("damaged record")


def test_refuses_arrays_of_a_type_that_numpy_lacks(path):
    head = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(4))
    assert refusal(path)


def test_refuses_a_record_that_is_no_table(path):
    text = json.dumps({"kind": KIND, "record": "[1]"})
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, {"fq_hw": text}))
    with pytest.raises(ArtifactError, match=r"record must be a table \(got \[1\]\)"):
        artifact.read(path, KIND, "fq-hw make")
