"""Golden says of the shipped networks what others make of the papers' formulas."""

import json
from pathlib import Path

import numpy as np
import pytest

from fq_hw import flow
from fq_hw.flow.sizes import load_sized
from opinions.compare import compare, from_checkpoint, from_config
from opinions.makers import MAKERS

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "fq_hw" / "models"
ROWS = ROOT / "docs" / "results" / "bench-opinions.json"
TRAINED = sorted(path.stem for path in MODELS.glob("*.safetensors"))


def trained(name):
    path = MODELS / f"{name}.safetensors"
    return from_checkpoint(path), flow.load_model(path)


@pytest.mark.parametrize("who", MAKERS)
@pytest.mark.parametrize("name", TRAINED)
def test_every_value_of_a_trained_network(name, who):
    (record, arrays), model = trained(name)
    images = flow.load_images(model).test().images[:1]
    found = compare(record, arrays, model.graph, who, images)
    assert found["values"] > 40_000 and found["unjudged"] < found["values"]
    assert found["different"] == found["labels different"] == 0
    assert found["ties"] == 0 or who != "NumPy"


def test_of_a_network_that_is_not_trained():
    path = MODELS / "ern-mini.toml"
    graph = load_sized(path).graph
    images = np.random.default_rng(1).integers(0, 256, (2, *graph.input.shape), np.uint8)
    found = compare(*from_config(path), graph, "NumPy", images)
    assert (found["different"], found["labels different"], found["labels"]) == (0, 0, 2)


@pytest.mark.parametrize("array", ["stem.0.conv.weight", "tail.norm.bias", "embedding.table"])
def test_another_network_is_told(array):
    (record, arrays), model = trained("ern-digits")
    images = flow.load_images(model).test().images[:1]
    changed = arrays | {array: np.roll(arrays[array], 1, -1 if array != "tail.norm.bias" else 0)}
    assert compare(record, changed, model.graph, "NumPy", images)["different"] > 0


def test_the_bench_had_every_shipped_network():
    rows = json.loads(ROWS.read_text())
    names = {row["name"].partition(":")[0] for row in rows}
    assert names == {path.stem for path in MODELS.iterdir()}
    assert not any(row["value"] for row in rows if "different" in row["name"])
