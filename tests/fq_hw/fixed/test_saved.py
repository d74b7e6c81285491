"""Fixed-point files: the same back, the same bytes, one line for every damage."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from floats import FLOATS, random_fixed

from fq_hw import artifact
from fq_hw.checkpoint import Accuracy
from fq_hw.data import DataKind
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError
from fq_hw.fixed.format import Format
from fq_hw.fixed.network import FixedNetwork, Role, Tensor
from fq_hw.fixed.saved import KIND, Saved, read, write
from fq_hw.float_network import Op, nodes


def make(name="plain", seed=1) -> Saved:
    return Saved(
        fixed=random_fixed(name, seed),
        accuracy=Accuracy(data="some", images=50, right=40),
        float_accuracy=Accuracy(data="some", images=50, right=41),
        provenance={"images": "7"},
    )


@pytest.mark.parametrize("name", FLOATS)
def test_back_again(tmp_path, name):
    saved, path = make(name), tmp_path / "x.safetensors"
    write(path, saved)
    back = read(path)
    assert back.fixed.network == saved.fixed.network
    assert back.fixed.formats == saved.fixed.formats
    for tensor, codes in saved.fixed.codes.items():
        np.testing.assert_array_equal(back.fixed.codes[tensor], codes)
        assert back.fixed.codes[tensor].dtype == np.int64
    assert (back.accuracy, back.float_accuracy) == (saved.accuracy, saved.float_accuracy)
    assert back.provenance == saved.provenance
    first = path.read_bytes()
    write(path, saved)
    assert path.read_bytes() == first


def test_what_it_was_trained_on_comes_back(tmp_path):
    plain = make()
    network = plain.fixed.network
    classes = tuple(f"class {n}" for n in range(network.classes))
    source = Source(kind=DataKind.IDX, path="a/b", image=network.image, classes=classes)
    write(tmp_path / "x", dataclasses.replace(plain, source=source))
    assert read(tmp_path / "x").source == source
    record, arrays = artifact.read(tmp_path / "x", KIND, "test")
    del record["data"]  # as files were before
    artifact.write(tmp_path / "x", KIND, record, arrays)
    assert read(tmp_path / "x").source is None


def test_codes_take_the_bytes_they_need(tmp_path):
    fixed = make().fixed
    wide = {**fixed.formats, Tensor("conv1", Role.WEIGHT): Format(9, 5)}
    wide[Tensor("conv2", Role.WEIGHT)] = Format(8, 5)
    fixed = FixedNetwork(
        network=fixed.network,
        formats=wide,
        codes={t: np.clip(c, -wide[t].limit, wide[t].limit) for t, c in fixed.codes.items()},
    )
    write(
        tmp_path / "x", Saved(fixed=fixed, accuracy=make().accuracy, float_accuracy=make().accuracy)
    )
    _, arrays = artifact.read(tmp_path / "x", KIND, "fq-hw search")
    assert arrays["conv1.weight"].dtype == np.int16
    assert arrays["conv2.weight"].dtype == np.int8


def drop(record, arrays):
    del record["formats"]["conv2.bias"]


def foreign(record, arrays):
    record["formats"]["conv9.bias"] = [3, 1]


def bits(record, arrays):
    record["formats"]["conv2.bias"] = [0, 1]


def text(record, arrays):
    record["formats"]["conv2.bias"] = ["3", 1]


def layers(record, arrays):
    record["network"]["layers"] = []


def key(record, arrays):
    del record["accuracy"]


def array(record, arrays):
    del arrays["conv1.weight"]


def big(record, arrays):
    arrays["conv1.weight"] = np.full_like(arrays["conv1.weight"], 127, np.int32) << 20


def real(record, arrays):
    arrays["conv1.weight"] = arrays["conv1.weight"].astype(np.float32)


def lowest(record, arrays):
    arrays["conv1.weight"] = np.full_like(arrays["conv1.weight"], -(2**63), np.int64)


def far(record, arrays):
    record["network"]["layers"][0]["kernel"] = 10**9 + 1


def named(record, arrays):
    record["network"]["name"] = "../../victim"


def lost(record, arrays):
    arrays["conv1.activation"] = np.zeros(3, np.int8)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop, "needs a format for every tensor"),
        (foreign, "formats: must name tensors of the network (got 'conv9.bias')"),
        (bits, "Format: bits must be in 1..32 (got 0)"),
        (text, "formats.conv2.bias[0]: must be an integer (got '3')"),
        (layers, "layers must hold at least one layer"),
        (key, "record: lacks the keys accuracy (got ['data', 'float_accuracy', "),
        (array, "needs 8 arrays of codes"),
        (big, "codes must be at most"),
        (lowest, "codes must be at most 15 (got 9223372036854775808)"),
        (far, "layer 'conv': kernel must be at most 255 (got 1000000001)"),
        (named, "the name must have 1 to 100 letters"),
        (real, "array conv1.weight: must hold signed integers (got 'float32')"),
        (lost, "arrays: must be weights and biases of the network"),
    ],
)
def test_refuses(tmp_path, damage, message):
    path = tmp_path / "x.safetensors"
    write(path, make())
    record, arrays = artifact.read(path, KIND, "fq-hw search")
    damage(record, arrays)
    artifact.write(path, KIND, record, arrays)
    with pytest.raises(ArtifactError, match=re.escape(message)) as caught:
        read(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_refuses_an_addition_that_64_bits_do_not_hold():
    fixed = make("branched").fixed
    (add,) = (node for node in nodes(fixed.network) if node.op is Op.ADD)
    one = Tensor(add.inputs[0], Role.ACTIVATION)
    apart = {one: Format(9, -64), Tensor(add.inputs[1], Role.ACTIVATION): Format(9, 64)}
    with pytest.raises(ArtifactError, match=rf"layer '{add.name}': sums must stay below 2\*\*62"):
        dataclasses.replace(fixed, formats={**fixed.formats, **apart})


def test_refuses_another_kind(tmp_path):
    with pytest.raises(ArtifactError, match="`fq-hw search` makes such a file"):
        read(tmp_path / "none")
