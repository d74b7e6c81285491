"""Checkpoints: what is written comes back, and nothing else is accepted."""

import re
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from fq_hw import artifact, checkpoint
from fq_hw.checkpoint import Accuracy, Checkpoint
from fq_hw.data import DataKind
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, FqHwError
from fq_hw.layers import Embedding, array_shapes
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.plain import to_plain

NETWORK = Network(
    name="tiny",
    image=(8, 8, 3),
    classes=4,
    embedding=Embedding(length=2),
    stem=(StemConv(width=4, norm=False),),
    block=Block.BASIC,
    stages=(Stage(width=4, blocks=1),),
)
CONV, VAR = "stages.0.0.convs.1.weight", "tail.norm.running_var"


def tiny_arrays():
    rng = np.random.default_rng(1)
    shapes = array_shapes(NETWORK)
    return {n: rng.random(s, np.float32) for n, s in shapes.items()}


def tiny_checkpoint(**changes):
    accuracy = Accuracy(data="tiles", images=50, right=41)
    provenance = {"seed": "1", "config": "tiny.toml"}
    plain = Checkpoint(
        network=NETWORK, arrays=tiny_arrays(), accuracy=accuracy, provenance=provenance
    )
    return replace(plain, **changes)


def refusal(path):
    """The message with which ``path`` is refused: one line that begins with the path."""
    with pytest.raises(ArtifactError) as caught:
        checkpoint.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def rewrite(path, arrays=None, edit=None):
    """Write a good checkpoint to ``path``, then change its arrays or its record."""
    checkpoint.write(path, tiny_checkpoint())
    record, old = artifact.read(path, checkpoint.KIND, "fq-hw train")
    if edit:
        edit(record)
    artifact.write(path, checkpoint.KIND, record, old if arrays is None else arrays)
    return path


SOURCE = Source(
    kind=DataKind.FOLDER, path="my/pictures", image=(8, 8, 3), classes=("ant", "bee", "cow", "é")
)


def test_what_it_was_trained_on_comes_back(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, tiny_checkpoint(source=SOURCE))
    assert checkpoint.read(path).source == SOURCE


def test_files_from_before_that_record_are_read(tmp_path):
    path = rewrite(tmp_path / "a.safetensors", edit=lambda record: record.pop("data"))
    assert checkpoint.read(path).source is None


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r.update(data=7), "data: must be a table (got 7)"),
        (lambda r: r.update(data={"kind": "tape"}), "data"),
        (
            lambda r: r.update(data=to_plain(replace(SOURCE, classes=("a", "b")))),
            "must have images",
        ),
        (lambda r: r.update(data=to_plain(replace(SOURCE, image=(9, 8, 3)))), "images of"),
        (
            lambda r: r.update(data=to_plain(SOURCE) | {"classes": ["a"]}),
            "names of 2..65536 classes",
        ),
    ],
)
def test_refuses_a_damaged_record_of_the_data(tmp_path, edit, message):
    assert message in refusal(rewrite(tmp_path / "a.safetensors", edit=edit))


@pytest.mark.parametrize("accuracy", [None, Accuracy(data="tiles", images=50, right=41)], ids=str)
def test_round_trip(tmp_path, accuracy):
    path = tmp_path / "a.safetensors"
    written = tiny_checkpoint(accuracy=accuracy)
    checkpoint.write(path, written)
    found = checkpoint.read(path)
    assert replace(found, arrays=written.arrays) == written
    assert found.arrays.keys() == written.arrays.keys()
    for name, array in written.arrays.items():
        assert found.arrays[name].dtype == np.float32
        np.testing.assert_array_equal(found.arrays[name], array)
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_round_trip_of_arrays_that_are_not_contiguous(tmp_path):
    path = tmp_path / "a.safetensors"
    arrays = tiny_arrays()
    arrays[CONV] = np.asfortranarray(arrays[CONV])
    checkpoint.write(path, tiny_checkpoint(arrays=arrays))
    np.testing.assert_array_equal(checkpoint.read(path).arrays[CONV], arrays[CONV])


def test_same_content_gives_the_same_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    checkpoint.write(one, tiny_checkpoint())
    arrays = dict(reversed(tiny_arrays().items()))
    provenance = {"config": "tiny.toml", "seed": "1"}
    checkpoint.write(two, tiny_checkpoint(arrays=arrays, provenance=provenance))
    assert one.read_bytes() == two.read_bytes()
    assert str(tmp_path).encode() not in one.read_bytes()


def test_replaces_an_older_file(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_text("old")
    checkpoint.write(path, tiny_checkpoint())
    assert checkpoint.read(path).network == NETWORK


def test_refuses_an_absent_file(tmp_path):
    assert refusal(tmp_path / "none").startswith(
        "there is no such file; `fq-hw train` makes such a file"
    )


@pytest.mark.parametrize("keep", [0, 7, 200, -1])
def test_refuses_a_truncated_file(tmp_path, keep):
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, tiny_checkpoint())
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal(path).startswith("not a whole safetensors file (")


def test_refuses_another_format(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"PK\x03\x04" + bytes(1000))
    assert refusal(path).startswith("not a whole safetensors file (")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}], ids=str)
def test_refuses_foreign_safetensors(tmp_path, metadata):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors.numpy.save(tiny_arrays(), metadata))
    assert refusal(path).startswith("is no file of the kind fq_hw.checkpoint.2")


@pytest.mark.parametrize("kind", ["fq_hw.checkpoint.3", "fq_hw.graph.2"])
def test_refuses_another_version_or_kind(tmp_path, kind):
    path = tmp_path / "a.safetensors"
    artifact.write(path, kind, {}, tiny_arrays())
    assert refusal(path).endswith(f"(got {kind!r}); `fq-hw train` makes such a file")


def test_refuses_a_damaged_record(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, tiny_checkpoint())
    with safe_open(path, framework="numpy") as file:
        text = file.metadata()["fq_hw"]
    path.write_bytes(safetensors.numpy.save(tiny_arrays(), {"fq_hw": text[:-9]}))
    assert refusal(path).startswith("damaged record")
    artifact.write(path, checkpoint.KIND, [], tiny_arrays())
    assert refusal(path).startswith("record must be a table")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r.pop("network"), "record: lacks the keys network (got ['accuracy', 'data'"),
        (lambda r: r.pop("accuracy"), "record: lacks the keys accuracy (got ['data', 'network'"),
        (lambda r: r.update(provenance=None), "record.provenance: must be a table (got None)"),
        (lambda r: r.update(provenance={"a": 1}), "record.provenance.a: must be a string (got 1)"),
        (lambda r: r.update(more=1), "record: the keys are accuracy, data, network, provenance"),
        (lambda r: r.update(network=7), "record.network: must be a table (got 7)"),
        (lambda r: r["network"].update(classes=5), "checkpoint of 'tiny', array tail.conv.weight"),
        (lambda r: r["network"].update(classes=-1), "Network 'tiny': classes must be"),
        (lambda r: r["accuracy"].update(images=0), "Accuracy: images must be at least 1 (got 0)"),
        (lambda r: r["accuracy"].update(right=51), "Accuracy: right must be in 0..50 (got 51)"),
    ],
)
def test_refuses_a_record_that_does_not_fit(tmp_path, edit, message):
    assert refusal(rewrite(tmp_path / "a", edit=edit)).startswith(message)


def spoil(name, value):
    array = tiny_arrays()[name]
    array.flat[0] = value
    return {name: array}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({CONV: np.zeros((4, 4, 3, 1), np.float32)}, f"array {CONV}: must have shape (4, 4, 3, 3)"),
        ({CONV: np.zeros((4, 4, 3, 3), np.float64)}, f"array {CONV}: must be float32"),
        ({"more": np.zeros(2, np.float32)}, "must hold only the arrays of its network"),
        (spoil(CONV, np.nan), f"array {CONV}: must be finite (got [nan])"),
        (spoil(CONV, -np.inf), f"array {CONV}: must be finite (got [-inf])"),
        (spoil(VAR, -1), f"array {VAR}: must not be negative (got -1.0)"),
    ],
    ids=["shape", "type", "extra", "nan", "inf", "negative variance"],
)
def test_refuses_arrays_that_do_not_fit(tmp_path, arrays, message):
    path = rewrite(tmp_path / "a", arrays=tiny_arrays() | arrays)
    assert re.search(re.escape(message), refusal(path))


def test_refuses_a_missing_array(tmp_path):
    arrays = tiny_arrays()
    del arrays["embedding.table"]
    message = refusal(rewrite(tmp_path / "a", arrays=arrays))
    assert "lacks the arrays embedding.table; train it again" in message


def test_accuracy():
    assert Accuracy(data="tiles", images=50, right=41).percent == 82
    for images, right in ((0, 0), (5, 6), (5, -1)):
        with pytest.raises(FqHwError, match=r"^Accuracy: "):
            Accuracy(data="tiles", images=images, right=right)
