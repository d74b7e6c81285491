"""Every command that reads images refuses a set of another number of classes than the network's."""

import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from floats import FLOATS, random_float
from onnx_builders import levels
from onnx_models import Maker
from PIL import Image

from fq_hw import checkpoint
from fq_hw.cli import bench_cnv, demo, main
from fq_hw.data import DataKind
from fq_hw.errors import ArtifactError, require
from fq_hw.flow import accuracy
from fq_hw.flow.model import SHIPPED

TEN = "data folder two: needs 10 classes, as ern-digits has 10 scores (got 2)"


BUILD = None, Path("net.bit")  # board and bitstream


@pytest.fixture(autouse=True)
def two(tmp_path, monkeypatch):
    """A set of two classes, whose pictures fit every network."""
    monkeypatch.chdir(tmp_path)
    for part in ("train", "test"):
        for name in "ab":
            folder = tmp_path / "two" / part / name
            folder.mkdir(parents=True)
            for number in range(4):
                Image.new("RGB", (9, 9), (number, 40, 99)).save(folder / f"{number}.png")
    return ["--data", "folder", "--path", "two"]


@pytest.fixture
def refused(capsys):
    def run(*words):
        assert main([str(word) for word in words]) == 2
        return capsys.readouterr().err.splitlines()[-1].removeprefix("fq-hw: error: ")

    return run


@pytest.mark.parametrize("command", ["golden", "sim", "demo"])
def test_of_a_graph(command, two, refused, monkeypatch):
    # A folding takes seconds, and nothing here needs one.
    monkeypatch.setattr("fq_hw.flow.hardware.Hardware.folding", lambda *_: None)
    monkeypatch.setattr("fq_hw.flow.design.Design.plan", None)
    monkeypatch.setattr("fq_hw.flow.build.BuildGoal.check_design", lambda *_: BUILD)
    monkeypatch.setattr(demo.toolbox, "BUILDING", ())
    monkeypatch.setattr("sim.verilator.environment", lambda: {})
    assert refused(command, SHIPPED, *two).startswith(TEN)


def test_verify(two, refused):
    make = Maker()
    onnx.save(make.model(make.scores(levels(make), 4)), "net.onnx")
    assert main(["import", "net.onnx", "--out", "net"]) == 0
    said = refused("verify", "net", "--against", "net.onnx", *two)
    assert said.startswith("data folder two: needs 4 classes, as net has 4 scores (got 2)")


def test_search(two, refused):
    pytest.importorskip("torch", reason="search needs torch")
    checkpoint.write("float", random_float(FLOATS["plain"], 1))
    said = refused("search", "float", *two)
    assert said.startswith("data folder two: needs 4 classes, as plain has 4 scores (got 2)")


def test_train(two, refused, tmp_path):
    pytest.importorskip("torch", reason="training needs torch")
    text = (SHIPPED.parent / "ern-digits.toml").read_text()
    assert text.count('kind = "digits"') == 1
    (tmp_path / "x.toml").write_text(
        text.replace('kind = "digits"', 'kind = "folder"\npath = "two"')
    )
    assert "needs classes = 2 for folder two (got 10)" in refused("train", "x.toml")


def test_accuracy(two, monkeypatch, tmp_path):
    """A study whose run is there already, on images that have changed since."""
    out = tmp_path / "build/train/study/one"
    out.mkdir(parents=True)
    shutil.copy(SHIPPED, out / "checkpoint.safetensors")
    row = {"seconds": 1, "flips": 0, "test": 0.5}
    monkeypatch.setattr(accuracy, "finished", lambda *_: [row])
    data = SimpleNamespace(kind=DataKind.FOLDER, path="two")
    run = SimpleNamespace(name="one", seed=1, variant=SimpleNamespace(name="one"),
                          config=SimpleNamespace(data=data))  # fmt: skip
    with pytest.raises(ArtifactError) as caught:
        accuracy.measure("study", run)
    assert str(caught.value).startswith(TEN)


def test_bench_cnv(tmp_path, monkeypatch, capsys):
    """It asks ``golden``, whose message comes before its own."""
    arrays, depth = {}, 3
    for layer, rows in enumerate((2, 2, 2, 2, 2, 2, 2, 2, 12)):
        synapses = depth * (9 if layer < 6 else 1)
        arrays[f"l{layer}.w_packed"] = np.zeros(-(-rows * synapses // 8), np.uint8)
        arrays[f"l{layer}.shape"] = np.array([rows, synapses])
        arrays[f"l{layer}.thr"] = np.zeros((rows, 1), np.int64)
        depth = rows
    np.savez("cnv.npz", **arrays)
    batch = pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [0, 1]}, 2)
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        (tmp_path / name).write_bytes(batch)
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({"label_names": ["a", "b"]}, 2))

    def ask(*words):  # as bench-cnv does, but in this process
        require(main(words) == 0, "bench-cnv", f"{words[0]} failed")
        return {}, ""

    monkeypatch.setattr(bench_cnv, "ask", ask)
    assert main(["bench-cnv", "cnv.npz", "--path", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "data cifar10: needs 10 classes, as cnv-w1a1 has 10 scores (got 2)" in said
    assert said.endswith("fq-hw: error: bench-cnv: golden failed\n")
