"""The table beside Xilinx's figures: every step's command is one that exists, every row is told."""

import json

import numpy as np
import pytest

from fq_hw.cli import bench_cnv, main
from fq_hw.cli.main import build_parser

FOUND = {
    "golden": {"images": 10_000, "accuracy %": 82.66},
    "sim": {
        "levels": {"compared": 9, "mismatching": 0},
        "scores": {"compared": 20, "mismatching": 0},
        "cycles per frame": {"predicted": 9_216, "rtl-sim": 9_216},
    },
    "build": {"lut4": 40_000, "ff": 50_000, "ebr": 207, "fmax_mhz": 92.16,
              "cycles per frame": 9_216},
}  # fmt: skip


def test_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "cnv.npz"
    np.savez(model, other=np.zeros(1))
    asked = []

    def ask(*words):
        build_parser().parse_args(words)  # a command that is not one would end the test here
        asked.append(words[0])
        return FOUND.get(words[0], {}), f"fq-hw {' '.join(words)}"

    cells = [("xc7: LUT6", 15_000, "LUT6", "synth", "x")]
    monkeypatch.setattr(bench_cnv, "ask", ask)
    monkeypatch.setattr(bench_cnv, "synthesised", lambda args: cells)
    assert main(["bench-cnv", str(model), "--path", str(tmp_path), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert asked == ["import", "golden", "fold", "sim", "fold", "build"]
    assert rows["ulx3s-85f: routed clock / cycles per frame"]["value"] == pytest.approx(10_000)
    assert rows["Xilinx: LUT"] | {"how": "published"} == rows["Xilinx: LUT"]
    assert rows["accuracy, 10,000 images"]["value"] == 82.66
    assert json.loads(bench_cnv.FILE.read_text()) == list(rows.values())
