"""The bench at ImageNet size: every step's command is one that exists, every row is told."""

import json

import pytest

from fq_hw.cli import bench_imagenet, main
from fq_hw.cli.main import build_parser
from fq_hw.errors import CapacityError
from fq_hw.flow import bench
from fq_hw.flow.design import Design
from fq_hw.flow.shipped import names

FOUND = {
    "estimate": {"cycles per frame": 9, "MAC per cycle": 8.0,
                 "estimated": {"lut": 1, "ff": 2, "ebr": 3}},
    "sim": {
        "levels": {"compared": 9, "mismatching": 0},
        "scores": {"compared": 20, "mismatching": 0},
        "cycles per frame": {"predicted": 400_000, "rtl-sim": 400_000},
    },
    "build": {"lut4": 40_000, "ff": 50_000, "ebr": 207, "spram": 0, "multipliers": 0,
              "fmax_mhz": 80.0, "cycles per frame": 400_000},
}  # fmt: skip


def test_rows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = []

    def ask(*words):
        build_parser().parse_args(words)  # a command that is not one would end the test here
        asked.append(words[0])
        return FOUND.get(words[0], {}), f"fq-hw {' '.join(words)}"

    def fastest(name, board, share, mhz, path, report):
        said = f"fq-hw fold {name} --board {board} --mhz {mhz:g} --partition --sdram"
        build_parser().parse_args(said.split()[1:])
        yield f"{name}, {board}", 5, "cycles", "model", said

    monkeypatch.setattr(bench_imagenet, "ask", ask)
    monkeypatch.setattr(bench_imagenet, "partitioned", fastest)
    monkeypatch.setattr(bench_imagenet, "tail", lambda *words: [("a", 4.2, "MHz", "routed", "x")])
    assert main(["bench-imagenet", "--only", "erns18-0.75x", "erns18", "--json"]) == 0
    rows = {(row["name"], row["unit"]): row for row in json.loads(capsys.readouterr().out)["rows"]}
    of_smallest = ["estimate", "fold", "sim", "fold", "build"]
    assert asked == [*of_smallest, "estimate"]  # nothing was folded for the other to simulate
    assert rows["erns18-0.75x on ulx3s-85f", "frames/s"]["value"] == pytest.approx(200)
    assert {f"erns18, {board}" for board in bench_imagenet.BOARDS} < {name for name, _ in rows}
    assert rows["a", "MHz"]["value"] == 4.2
    assert json.loads(bench_imagenet.FILE.read_text()) == list(rows.values())


def test_networks_are_shipped():
    assert set(bench_imagenet.NETWORKS) < set(names())


def test_what_fits_no_board_is_a_row_and_leaves_no_folding(tmp_path, monkeypatch):
    def refuse(model, goal, report):
        assert goal.partition and goal.sdram
        raise CapacityError("folding of 'x': needs more")

    monkeypatch.setattr(Design, "of_goal", refuse)
    monkeypatch.setattr(bench, "load_sized", lambda path: None)
    path = tmp_path / "old.json"
    path.write_text("{}")
    rows = [*bench.partitioned("erns101", "ulx3s-25f", 0.75, 71.25, path, print)]
    ((*row, said),) = rows
    name = "erns101, ulx3s-25f: what lacks"
    assert row == [name, "folding of 'x': needs more", "", "estimate"]
    build_parser().parse_args(said.split()[1:])
    assert not path.exists()
