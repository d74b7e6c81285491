"""Files of our own kinds that a stranger wrote: one line, and nothing but the output changes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import refused
from floats import random_fixed
from networks import NETWORKS, random_checkpoint, random_graph

from fq_hw import artifact, checkpoint
from fq_hw.checkpoint import Accuracy
from fq_hw.cli import main
from fq_hw.files import parse_json
from fq_hw.fixed import saved
from fq_hw.ir import Threshold, serialize
from fq_hw.passes import check_lowered, lower_graph

VICTIM = "../../victim"


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Commands write below the working directory; what is beside it must stay as it is."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "precious").write_text("precious")
    (tmp_path / "work" / "place").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "place")


def named(path, kind, name):
    """Give the network or graph in a file another name."""
    record, arrays = artifact.read(path, kind, "test")
    record.get("network", record)["name"] = name
    artifact.write(path, kind, record, arrays)


def a_checkpoint(path, name):
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    named(path, checkpoint.KIND, name)


def a_graph(path, name):
    serialize.save(path, lower_graph(random_graph("gains")))
    named(path, serialize.KIND, name)


def a_fixed_network(path, name):
    score = Accuracy(data="some", images=50, right=40)
    whole = saved.Saved(fixed=random_fixed("plain", 1), accuracy=score, float_accuracy=score)
    saved.write(path, whole)
    named(path, saved.KIND, name)


MAKERS = {"checkpoint": a_checkpoint, "graph": a_graph, "fixed": a_fixed_network}


@pytest.mark.parametrize("name", [VICTIM, "/tmp/victim", "..", ".x", "a/b", "", "a\nb", "-x", 7])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_name_that_is_a_path(kind, name, capsys, tmp_path):
    path = tmp_path / "it.safetensors"
    MAKERS[kind](path, name)
    for command in ("export", "rtl", "build"):
        refused(capsys, command, path)
    assert (tmp_path / "victim" / "precious").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["it.safetensors", "victim", "work"]
    assert not list((tmp_path / "work").rglob("*victim*"))


@pytest.mark.parametrize("kind", ["fq_hw.checkpoint.1", "fq_hw.graph.1", "fq_hw.fixed.1"])
def test_a_file_of_an_older_kind_is_told_what_to_do(kind, capsys, tmp_path):
    artifact.write(tmp_path / "old", kind, {}, {"a": np.zeros(3)})
    line = refused(capsys, "show", tmp_path / "old")
    assert f"old: is of the kind {kind}, which an older fq-hw wrote and which has no" in line
    maker = {"checkpoint": "train", "graph": "export", "fixed": "search"}[kind.split(".")[1]]
    assert line.endswith(f"; make it again with `fq-hw {maker}`")


@pytest.mark.parametrize("command", ["fold", "rtl", "sim", "estimate"])
def test_a_graph_that_is_not_lowered(command, capsys, tmp_path):
    def real(op):
        return replace(op, levels=op.levels - 0.5) if isinstance(op, Threshold) else op

    serialize.save(tmp_path / "real", random_graph("gains").map(real))
    line = refused(capsys, command, tmp_path / "real")
    assert line.startswith("Threshold 'stem.0.act': levels must be integers (got 'float64'); lower")
    assert "`fq-hw export`" in line
    assert main(["export", str(tmp_path / "real"), "--out", "whole"]) == 0
    check_lowered(serialize.load("whole"))


STAGE = {"after": "stem.0.conv", "until": "stages.0.1", "array": {}}
FOLD = {
    "kind": "fq_hw.fold.1",
    "network": "gains",
    "digest": "0" * 16,
    "cycles": 3000,
    "folds": {"stem.0.conv": {"pe": 1, "simd": 1}},
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"folds": {"stem.0.conv": {"pe": 10**12, "simd": 1}}}, "Fold: must be in 1..1048576 (got"),
        ({"folds": {"stem.0.conv": {"pe": True, "simd": 1}}}, "stem.0.conv.pe: must be an integer"),
        ({"folds": {"stem.0.conv": {"pe": 1.0, "simd": 1}}}, "stem.0.conv.pe: must be an integer"),
        ({"folds": []}, "file.folds: must be a table (got [])"),
        ({"folds": None}, "file.folds: must be a table (got None)"),
        ({"folds": {"a": None}}, "file.folds.a: must be a table (got None)"),
        ({"cycles": 10**18}, "cycles: must be in 1..2**48 (got 1000000000000000000)"),
        ({"cycles": 10**30}, "file.cycles: must be an integer of 64 bits (got 1"),
        ({"network": "../../victim"}, "network: the name must have 1 to 100 letters"),
        ({"network": "x" * 10**6}, "network: the name must have 1 to 100 letters"),
        ({"kind": "x" * 10**6}, "kind: must be fq_hw.fold.1 (got 'xxx"),
        (
            {"x" * 10**6: 1},
            "file: the keys are arrays, cycles, digest, folds, kind, logic, network, sdram (got",
        ),
        ({"arrays": [{"after": "a", "until": "b"}]}, "file.arrays[0]: lacks the keys array"),
        (
            {"arrays": [{**STAGE, "array": {"columns": 10**12}}]},
            "columns must be a power of two",
        ),
        ({"arrays": [{**STAGE, "array": {"simd": 10**9}}]}, "simd must be at most 1,024 (got 100"),
        ({"digest": "0"}, "this folding is not for 'gains' but for an older form of it; make one"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_hostile_folding(change, said, capsys, tmp_path):
    a_graph(tmp_path / "g", "gains")
    (tmp_path / "f.json").write_text(json.dumps(FOLD | change))
    line = refused(capsys, "rtl", tmp_path / "g", "--fold", tmp_path / "f.json")
    assert line.startswith(f"--fold {tmp_path}/f.json: ") and said in line


@pytest.mark.parametrize("text", ["[" * 10**6, '{"a": NaN}', '{"a": 1, "a": 2}', "\xff", "7", ""])
def test_a_folding_that_is_no_json(text, capsys, tmp_path):
    a_graph(tmp_path / "g", "gains")
    (tmp_path / "f.json").write_text(text, encoding="latin-1")
    line = refused(capsys, "rtl", tmp_path / "g", "--fold", tmp_path / "f.json")
    assert line.startswith(f"--fold {tmp_path}/f.json: ")


TOML = (Path(__file__).parents[3] / "fq_hw/models/ern-digits.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "ern-digits"', 'name = "../../victim"', "the name must have 1 to 100 letters"),
        ("classes = 10", "classes = 1000000000000", "classes must be in 2..65536"),
        ("classes = 10", f"classes = 0x{'f' * 5000}", "must be an integer of 64 bits (got an int"),
        ("classes = 10", "classes = nan", "is no TOML file (nan is not a finite number)"),
        ("classes = 10", "classes = true", "network.classes: must be an integer (got True)"),
        ("classes = 10", "classes = 1979-05-27", "network.classes: must be an integer"),
        ("[network]", "[[network]]", "network: must be a table (got [{"),
        ("[network]", f"x = {'[' * 10**5}\n[network]", "is nested too deeply"),
        ("[network]", "network = 3\n[more]", ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_hostile_configuration(old, new, said, capsys, tmp_path):
    assert old in TOML
    (tmp_path / "c.toml").write_text(TOML.replace(old, new, 1))
    lines = [refused(capsys, command, tmp_path / "c.toml") for command in ("fold", "train")]
    assert all(line.startswith(f"config {tmp_path}/c.toml: ") for line in lines)
    assert said in lines[1]


def test_a_table_of_a_configuration_that_there_is_not(capsys, tmp_path):
    (tmp_path / "c.toml").write_text(f"{'x' * 10**6} = 1\n{TOML}")
    line = refused(capsys, "train", tmp_path / "c.toml")
    assert "config: the keys are data, network, train (got 'xxx" in line


def test_what_is_no_file(capsys, tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    for name, said in (("pipe", "is a pipe"), ("folder", "is a folder"), ("none", "there is no")):
        path = tmp_path / f"{name}.toml"
        for words in (("show", path), ("fold", path), ("train", path), ("accuracy", path)):
            assert said in refused(capsys, *words)
        assert said in refused(capsys, "rtl", "--fold", path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"classes": ["a", "b\nfq-hw: error: c"]},
            "trained on, class 1: the name must be one",
        ),
        ({"classes": ["a", "\x1b[31m"]}, "trained on, class 1: the name must be one"),
        ({"classes": [1, 2]}, "record.data.classes[0]: must be a string"),
        ({"path": "a\x00b"}, "trained on: path must be 1 to 4095 printable characters"),
        ({"image": [0, 1, 1]}, "trained on: needs an image size"),
        ({"kind": ["folder"]}, "record.data.kind: must be one of"),
    ],
    ids=str,
)
def test_a_hostile_record_of_the_data(change, said, capsys, tmp_path):
    source = {"kind": "folder", "path": "x", "image": [8, 8, 1], "classes": ["a", "b"]} | change
    a_graph(tmp_path / "g", "gains")
    record, arrays = artifact.read(tmp_path / "g", serialize.KIND, "test")
    artifact.write(tmp_path / "g", serialize.KIND, record | {"data": source}, arrays)
    assert said in refused(capsys, "show", tmp_path / "g")


def test_a_class_whose_weights_are_next_to_nothing(capsys, tmp_path):
    """Its integer scale is 0; what is printed is JSON all the same."""
    trained = random_checkpoint(NETWORKS["gains"], 1)
    weight = trained.arrays["tail.conv.weight"].copy()
    weight[0] = 1e-30
    small = replace(trained, arrays={**trained.arrays, "tail.conv.weight": weight})
    checkpoint.write(tmp_path / "c", small)
    assert main(["export", str(tmp_path / "c"), "--json"]) == 0
    assert parse_json(capsys.readouterr().out, "it")["ranking error"] is None
    assert main(["export", str(tmp_path / "c")]) == 0
    assert "the scale of one is so small that it became 0" in capsys.readouterr().out
