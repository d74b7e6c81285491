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

    def fastest(name, board, share, mhz, levels, path, report):
        said = f"fq-hw fold {name} --board {board} --mhz {mhz:g} --partition --sdram"
        build_parser().parse_args(said.split()[1:])
        yield f"{name}, {board}", 5, "cycles", "model", said
        if name != "erns50":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    monkeypatch.setattr(bench_imagenet, "ask", ask)
    monkeypatch.setattr(bench_imagenet, "partitioned", fastest)
    monkeypatch.setattr(bench_imagenet, "beyond", lambda *words: asked.append("beyond"))
    monkeypatch.setattr(bench_imagenet, "tail", lambda *words: [("a", 4.2, "MHz", "routed", "x")])
    only = ("erns18-0.75x", "erns34", "erns50", "erns101")
    assert main(["bench-imagenet", "--only", *only, "--json"]) == 0
    rows = {(row["name"], row["unit"]): row for row in json.loads(capsys.readouterr().out)["rows"]}
    # erns50 fits nothing; the largest is not routed.
    assert asked == [
        *["estimate", "sim", "build"] * 2,
        "estimate",
        "beyond",
        "sim",
        "estimate",
        "sim",
    ]
    rate = rows["erns34 on ulx3s-85f, at 71.25 MHz at most", "frames/s"]
    assert rate["value"] == pytest.approx(71.25e6 / 400_000)
    assert {f"erns34, {board}" for board in bench_imagenet.BOARDS} < {name for name, _ in rows}
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
    rows = [*bench.partitioned("erns101", "ulx3s-25f", 0.75, 71.25, 3, path, print)]
    ((*row, said),) = rows
    name = "erns101, ulx3s-25f: what lacks"
    assert row == [name, "folding of 'x': needs more", "", "estimate"]
    build_parser().parse_args(said.split()[1:])
    assert not path.exists()
