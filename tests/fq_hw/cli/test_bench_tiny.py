"""MLPerf Tiny's table: every step's command is one that exists, every row is told."""

import json

import numpy as np
import pytest

from fq_hw.cli import bench_tiny, main
from fq_hw.cli.main import build_parser
from fq_hw.flow.tiny import TASKS

FOUND = {
    "verify": {"tensors": [{"values": 30, "differing": 0}, {"values": 4, "differing": 1}]},
    "golden": {"images": 10_000, "accuracy %": 87.0},
    "sim": {
        "levels": {"compared": 9, "mismatching": 0},
        "scores": {"compared": 20, "mismatching": 0},
        "cycles per frame": {"predicted": 16_000, "rtl-sim": 16_000},
        "latency cycles": {"predicted": 30_000, "rtl-sim": 30_000},
    },
    "build": {"lut4": 40_000, "ff": 50_000, "ebr": 207, "spram": 0, "multipliers": 90,
              "fmax_mhz": 80.0, "cycles per frame": 16_000},
}  # fmt: skip


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for task in TASKS.values():
        (tmp_path / f"{task.file}.tflite").write_bytes(b"model")
    (tmp_path / "inputs").mkdir()
    given = np.arange(2 * 490, dtype=np.int64).astype(np.int8)
    (tmp_path / "inputs/kws_two.dat").write_bytes(given.tobytes())
    return tmp_path


def test_rows(models, monkeypatch, capsys):
    asked = []

    def ask(*words):
        build_parser().parse_args(words)  # a command that is not one would end the test here
        asked.append(words[0])
        return FOUND.get(words[0], {}), f"fq-hw {' '.join(words)}"

    monkeypatch.setattr(bench_tiny, "ask", ask)
    assert main(["bench-tiny", ".", "--only", "kws", "ic", "--path", "cifar", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    each = ["import", "fold", "verify", "sim", "build"]
    assert asked == [*each, "fold", "sim", "build", *each[:3], "golden", *each[3:]]
    assert rows["kws in turn: cycles per frame, rtl-sim"]["value"] == 16_000
    assert rows["kws in turn: LUT4"]["command"].count("tang-primer-20k") == 1
    assert rows["kws: routed clock / cycles per frame"]["value"] == pytest.approx(5_000)
    assert rows["kws: values that differ from LiteRT, of 34"]["value"] == 1
    assert rows["kws, published"]["value"] == 3_088
    assert rows["ic: accuracy, 10,000 images of CIFAR-10"]["value"] == 87.0
    assert json.loads(bench_tiny.FILE.read_text()) == list(rows.values())


def test_inputs_are_those_given_then_random_ones(models):
    options = bench_tiny.inputs("kws", models, 5)
    assert options[:3] == ("--data", "npy", "--path")
    images = np.load(models / options[3] / "images.npy")
    assert images.shape == (5, 49, 10, 1) and images.dtype == np.int8
    given = np.arange(2 * 490, dtype=np.int64).astype(np.int8)
    np.testing.assert_array_equal(images[:2].reshape(-1), given)
    assert len(np.unique(images[2:])) > 200


def test_refuses(models, capsys):
    (models / "inputs/kws_two.dat").write_bytes(b"123")
    with pytest.raises(Exception, match=r"must hold int8 inputs of \(49, 10, 1\) \(got 3\)"):
        bench_tiny.inputs("kws", models, 5)
    assert main(["bench-tiny", "elsewhere"]) == 2
    assert "ic_resnet8_int8.tflite: there is no such file" in capsys.readouterr().err
