"""The container of checkpoints and graphs: whole or refused, and the same bytes every time."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from fq_hw import artifact
from fq_hw.errors import ArtifactError

KIND = "fq_hw.test.2"
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


@pytest.mark.parametrize("kind", ["fq_hw.test.1", "fq_hw.other.1", "fq_hw.test.x", ""])
def test_refuses_another_kind_and_version(path, kind):
    assert refusal(path, kind).startswith(f"is no file of the kind {kind}")


def test_an_older_version_is_told_what_to_do(path):
    artifact.write(path, "fq_hw.test.1", RECORD, ARRAYS)
    told = refusal(path)
    assert told.startswith("is of the kind fq_hw.test.1, which an older fq-hw wrote and which has")
    assert told.endswith("; make it again with `fq-hw make`")


def test_every_wrong_bit_is_refused(path, monkeypatch):
    """Of header, keys, record, checksum, padding and arrays alike."""
    artifact.write(path, KIND, {"name": "xé"}, {"a": np.arange(3, dtype=np.int8)})
    good = path.read_bytes()
    told = set()
    for place in range(8 * len(good)):
        raw = bytearray(good)
        raw[place // 8] ^= 1 << place % 8
        monkeypatch.setattr(artifact, "read_bytes", lambda *_, raw=bytes(raw), **__: raw)
        told.add(refusal(path)[:12])
    assert "damaged: its" in told and "not a whole " in told


def test_a_checksum_cannot_be_left_out(path):
    for own in (
        {"kind": KIND, "record": "{}"},
        {"kind": KIND, "record": "{}", "sha256": None},
        {"kind": KIND, "record": "{}", "sha256": "0" * 64},
        {"kind": KIND, "record": {}, "sha256": "0" * 64},
        {"kind": KIND, "sha256": "0" * 64},
    ):
        path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, {"fq_hw": json.dumps(own)}))
        assert refusal(path).startswith("damaged: its checksum does not fit; make it again with")


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("[]", 0),
        ('{"a": 1}', 0),
        ('{"a": {}}', 0),
        ('{"a": {"dtype": ["I8"], "shape": [1], "data_offsets": [0, 1]}}', 1),
        ('{"a": {"dtype": "I8", "shape": [true], "data_offsets": [0, 1]}}', 1),
        ('{"a": {"dtype": "I8", "shape": [-1], "data_offsets": [0, -1]}}', 1),
        ('{"a": {"dtype": "I8", "shape": [1], "data_offsets": [1, 2]}}', 2),
        ('{"a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}}', 2),
        ('{"a": {"dtype": "I8", "shape": [2], "data_offsets": [0, 1]}}', 1),
        ('{"a": {"dtype": "I8", "shape": [1000000000000], "data_offsets": [0, 1000000000000]}}', 1),
        ('{"a": {"dtype": "I8", "shape": [1099511627776, 1099511627776, 0],'
         ' "data_offsets": [0, 0]}}', 0),
        ('{"a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1], "x": 1}}', 1),
        ('{"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}', 8),
        ('{"a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]},'
         ' "b": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}}', 1),
        ('{"a": {}, "a": {}}', 0),
        ("[" * 100_000, 0),
        ("\x00", 0),
        (" " * 2**23 + "{}", 0),
    ],
)  # fmt: skip
def test_refuses_a_header_that_does_not_fit(path, header, size):
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(size))
    assert refusal(path).startswith("not a whole safetensors file (")
    assert artifact.kind(path) is None


def test_refuses_a_pipe_a_device_and_a_huge_file_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(2**40)
    for name, said in (
        (tmp_path / "pipe", "is a pipe"),
        ("/dev/zero", "is a device"),
        (tmp_path / "huge", "a file of this kind has at most 268,435,456 bytes"),
        (tmp_path / "a\0b", "is no name of a file"),
    ):
        with pytest.raises(ArtifactError, match=said):
            artifact.read(Path(name), KIND, "fq-hw make")
        assert artifact.kind(Path(name)) is None
    assert artifact.kind(tmp_path) is None


def test_refuses_to_write_what_cannot_be_read(tmp_path):
    for array in (np.array([True]), np.array(["a"]), np.array([1j]), np.array([None])):
        with pytest.raises(ArtifactError, match="array a must be of one of the types I8, U8"):
            artifact.write(tmp_path / "x", KIND, {}, {"a": array})
    with pytest.raises(ValueError, match="JSON"):
        artifact.write(tmp_path / "x", KIND, {"a": float("nan")}, {})
    assert not list(tmp_path.iterdir())


def test_any_byte_order_is_written_as_one(path):
    swapped = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in ARRAYS.items()}
    before = path.read_bytes()
    artifact.write(path, KIND, RECORD, swapped)
    assert path.read_bytes() == before


def test_refuses_a_foreign_file(path):
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, metadata))
        assert refusal(path).startswith("is no file of the kind")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", "null", '{"kid": "x"}', '{"kind": 7}', "[" * 100_000],
)
def test_refuses_a_damaged_record(path, text):
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, {"fq_hw": text}))
    assert refusal(path).startswith("damaged record")


def test_refuses_arrays_of_a_type_that_numpy_lacks(path):
    head = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(4))
    assert refusal(path)


def test_refuses_a_record_that_is_no_table(path):
    artifact.write(path, KIND, [1], {})
    with pytest.raises(ArtifactError, match=r"record must be a table \(got \[1\]\)"):
        artifact.read(path, KIND, "fq-hw make")
