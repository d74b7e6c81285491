"""``fq-hw fold`` and ``estimate``, and what takes a folding: what they say, and refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from classic import classic_graph
from commands import refused, said
from networks import NETWORKS, random_checkpoint

from fq_hw import checkpoint
from fq_hw.cli import main
from fq_hw.ir import Graph, serialize

pytestmark = pytest.mark.usefixtures("workplace")


def test_estimate_adds_up(capsys, random_model):
    data = json.loads(said(capsys, "estimate", random_model, "--cycles", 2000, "--json"))
    for key in ("lut", "ff", "ebr"):
        assert data["estimated"][key] == sum(unit[key] for unit in data["units"]) > 0
    assert data["cycles per frame"] == max(unit["cycles"] or 0 for unit in data["units"])
    assert max(unit["busy %"] or 0 for unit in data["units"]) == 100


def test_fold_tells_what_it_writes(capsys, random_model, tmp_path):
    data = json.loads(said(capsys, "fold", random_model, "--json"))
    layers, have = data["layers"], data["capacity"]
    for kind in ("LUT", "FF", "EBR"):
        assert data["estimated"][kind] == sum(layer[kind] for layer in layers)
    assert data["estimated"]["LUT"] <= 0.8 * have["LUT"] and data["estimated"]["EBR"] <= have["EBR"]
    named = {layer["layer"]: layer for layer in layers}
    bottleneck = named[data["bottleneck"]]
    assert bottleneck["cycles"] == max(layer["cycles"] or 0 for layer in layers)
    assert bottleneck["busy %"] == 100 * bottleneck["cycles"] / data["cycles per frame"]
    assert data["frames per second"] == 1e8 / data["cycles per frame"]
    for name, fold in data["folds"].items():
        row = named[name]
        assert (row["PE"], row["SIMD"], row["columns"]) == tuple(fold.values())[:3]
        assert fold["rom"] == "by size" or row["weights"] == "logic"
        assert row["MAC/cycle"] == row["PE"] * row["SIMD"] * row["columns"]
    text = said(capsys, "fold", random_model)
    assert f"bottleneck: {data['bottleneck']}, busy " in text
    assert text.count("estimate: ") == 2

    again = json.loads(said(capsys, "estimate", random_model, "--fold", data["file"], "--json"))
    assert again["cycles per frame"] == data["cycles per frame"]
    assert again["estimated"]["lut"] == data["estimated"]["LUT"]
    assert again["estimated"]["ff"] == data["estimated"]["FF"] <= 0.9 * have["FF"]
    assert again["estimated"]["ebr"] == data["estimated"]["EBR"]
    assert again["MAC per cycle"] == sum(layer["MAC/cycle"] or 0 for layer in layers)
    for out in ("a.v", "b.v"):
        said(capsys, "rtl", random_model, "--fold", data["file"], "--out", out)
    assert (tmp_path / "a.v").read_text() == (tmp_path / "b.v").read_text()


def test_fold_of_a_network_without_a_convolution(capsys, tmp_path):
    nodes = [
        {"op": "input", "name": "image", "inputs": [], "shape": [5, 3, 2]},
        {"op": "pixel_sum", "name": "sum", "inputs": ["image"]},
        {"op": "class_scale", "name": "scores", "inputs": ["sum"],
         "multiplier": np.array([1, 2])},
        {"op": "argmax", "name": "label", "inputs": ["scores"]},
    ]  # fmt: skip
    path = tmp_path / "sums.graph.safetensors"
    serialize.save(path, Graph.from_nodes("sums", nodes))
    found = json.loads(said(capsys, "fold", path, "--json"))
    assert found["folds"] == {} and found["bottleneck"] == "sum"
    assert [row["layer"] for row in found["layers"]] == ["everything else"]


def test_fold_for_a_speed(capsys, random_model):
    fast = json.loads(said(capsys, "fold", random_model, "--fps", 50_000, "--json"))
    assert fast["cycles per frame"] <= 2_000 and fast["frames per second"] >= 50_000
    same = json.loads(said(capsys, "fold", random_model, "--cycles", 2_000, "--json"))
    assert same["folds"] == fast["folds"]
    few = ("--levels-per-stage", 2)
    few = json.loads(said(capsys, "fold", random_model, "--cycles", 2_000, *few, "--json"))
    assert few["cycles per frame"] == fast["cycles per frame"]
    assert few["estimated"]["FF"] < 0.9 * fast["estimated"]["FF"]
    line = refused(capsys, "fold", random_model, "--levels-per-stage", 0)
    assert line == "--levels-per-stage: must be in 1..100 (got 0)"
    slow = json.loads(said(capsys, "fold", random_model, "--fps", 50_000, "--mhz", 200, "--json"))
    assert slow["estimated"]["LUT"] < fast["estimated"]["LUT"]
    estimated = (
        json.loads(said(capsys, "estimate", random_model, *how, "--json"))["estimated"]["lut"]
        for how in (("--fold", fast["file"]), ("--cycles", 2_000))
    )
    same, least = estimated
    assert least <= same == fast["estimated"]["LUT"]  # beside a board wires have a price


def test_fold_says_where_prices_are_of_another_family(capsys, random_model):
    note = "note: ice40 has no prices of its own: LUT4 and EBR are those of ecp5"
    small = ("fold", random_model, "--board", "icebreaker", "--cycles", 20_000)
    assert note in said(capsys, *small, "--lut-share", 1)
    assert "of icebreaker (prices of ecp5); " in refused(capsys, *small, "--lut-share", 0.1)
    assert "no prices" not in said(capsys, "fold", random_model, "--cycles", 20_000)


def test_fold_that_does_not_fit_names_the_nearest(capsys, random_model):
    tight = ("fold", random_model, "--lut-share", 0.06)
    line = refused(capsys, *tight, "--fps", 100_000)
    assert " LUT4 (estimate: " in line and " more than the 5,018 that may be used of ulx" in line
    nearest = line.split("; ")[1]
    assert nearest.endswith(")") and "frames/s at 100 MHz would fit (--cycles " in nearest
    cycles = nearest.split("--cycles ")[1].rstrip(")")
    said(capsys, *tight, "--cycles", cycles)
    refused(capsys, *tight, "--cycles", int(cycles) - 1)
    line = refused(capsys, "fold", random_model, "--lut-share", 0.001)
    assert "; a unit for each layer fits no ecp5 board that is known; one array for all" in line


def test_folding_of_another_network(capsys, random_model, tmp_path):
    folded = json.loads(said(capsys, "fold", random_model, "--json"))
    path, cycles = folded["file"], folded["cycles per frame"]
    assert path == f"build/fold/gains-ulx3s-85f-{cycles}-cycles.json"
    line = refused(capsys, "estimate", "--fold", path)
    start = f"--fold {path}: this folding is not for"
    assert line == f"{start} 'ern-digits' but for 'gains'; make one with `fq-hw fold`"
    checkpoint.write(tmp_path / "again.safetensors", random_checkpoint(NETWORKS["gains"], 2))
    said(capsys, "rtl", "again.safetensors", "--fold", path)  # weights make no difference
    other = replace(NETWORKS["gains"], stages=(replace(NETWORKS["gains"].stages[0], blocks=1),))
    checkpoint.write(tmp_path / "other.safetensors", random_checkpoint(other, 2))
    line = refused(capsys, "rtl", "other.safetensors", "--fold", path)
    assert line == f"{start} 'gains' but for an older form of it; make one with `fq-hw fold`"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", "["),
        ('"pe": ', '"px": '),
        ("by size", "cloud"),
        ('"cycles": ', '"cycles": -'),
        ("fold.1", "fold.7"),
    ],
)
def test_folding_that_is_no_such_file(old, new, capsys, random_model):
    path = Path(json.loads(said(capsys, "fold", random_model, "--json"))["file"])
    path.write_text(path.read_text().replace(old, new, 1))
    line = refused(capsys, "rtl", random_model, "--fold", path)
    said_first = "is no JSON (" if new == "[" else "must be a file that `fq-hw fold` wrote ("
    assert line.startswith(f"--fold {path}: {said_first}")
    path.unlink()
    line = refused(capsys, "rtl", random_model, "--fold", path)
    assert line == f"--fold {path}: there is no such file; `fq-hw fold` makes such a file"


@pytest.mark.parametrize(
    "option",
    [("--margin", "1"), ("--lut-share", "0"), ("--mhz", "nan"), ("--fps", "-1"), ("--cycles", "0")],
)
def test_fold_options_are_checked(option, capsys, random_model):
    assert refused(capsys, "fold", random_model, *option).startswith(f"{option[0]}: must be ")


def test_network_that_cannot_be_so_fast(capsys):
    line = refused(capsys, "build", "--cycles", 100)
    said = "needs at least 1024 cycles per frame (got 100); allow as many with --cycles"
    assert line == f"folding 'stem.0.conv': {said}"


def test_network_that_does_not_fit(capsys, tmp_path):
    network = replace(
        NETWORKS["basic"],
        name="large",
        stages=tuple(replace(stage, width=192) for stage in NETWORKS["basic"].stages),
    )
    checkpoint.write(tmp_path / "large.safetensors", random_checkpoint(network, 1))
    line = refused(capsys, "build", "large.safetensors", "--cycles", 1500)
    assert line.startswith("ulx3s-85f: has 83,640 LUT4, and a unit for each layer needs about ")
    assert "(estimate); `fq-hw fold --board ulx3s-85f` or take a larger board" in line
    assert not list(tmp_path.rglob("*.bit"))


def test_unknown_board(capsys):
    assert refused(capsys, "build", "--board", "icestick").startswith("board: must be one of ")


@pytest.mark.parametrize("command", ["estimate", "rtl", "sim", "build", "demo", "fold"])
@pytest.mark.parametrize("cycles", [-1, 0, 10**9 + 1, 10**30])
def test_cycles_that_nobody_means(command, cycles, capsys, random_model):
    line = refused(capsys, command, random_model, "--cycles", cycles)
    assert line == f"--cycles: must be in 1..1,000,000,000 (got {cycles})"


def test_says_when_a_frame_takes_longer_than_asked(capsys, random_model):
    assert main(["estimate", str(random_model), "--cycles", "70"]) in (0, 2)
    capsys.readouterr()
    assert main(["estimate", str(random_model), "--cycles", "600", "--json"]) == 0
    out, err = capsys.readouterr()
    slower = json.loads(out)["cycles per frame"] > 600
    assert ("note: a frame takes" in err) == slower


@pytest.mark.parametrize("command", ["sim", "build"])
def test_one_array_for_all_layers_has_no_folds(command, capsys, random_model):
    line = refused(capsys, command, random_model, "--sequential", "--fold", "fold.json")
    contract = "folds a unit for each layer, and --sequential has one array for all"
    assert line == f"--fold: {contract} (got 'fold.json'); leave one of the two out"


def test_a_network_that_one_array_cannot_run_is_one_line(capsys, tmp_path):
    path = tmp_path / "fixed.graph.safetensors"
    serialize.save(path, classic_graph("fixed"))
    line = refused(capsys, "build", path, "--board", "icebreaker", "--sequential")
    contract = "must have levels of one width before it in an array"
    assert line == f"Bias 'tail.bias': {contract} (got [3, 7])"


def test_fold_with_arrays(capsys, random_model, tmp_path):
    stretch = ("--in-turn", "stem.1.conv", "stages.0.1")
    plain = json.loads(said(capsys, "fold", random_model, "--json"))
    data = json.loads(said(capsys, "fold", random_model, *stretch, "--array", "4x2x4", "--json"))
    (stage,) = data["arrays"]
    assert (stage["after"], stage["until"]) == stretch[1:]
    inside = set(plain["folds"]) - set(data["folds"])
    assert len(inside) == 5 and all(name.startswith("stages.0") for name in inside)
    rows = {row["layer"]: row for row in data["layers"]}
    assert (rows["stages.0.1"]["PE"], rows["stages.0.1"]["SIMD"]) == (2, 4)
    assert rows["stages.0.1"]["MAC/cycle"] == 32 and data["bottleneck"] == "stages.0.1"
    assert data["cycles per frame"] == rows["stages.0.1"]["cycles"]  # nothing else is slower
    for kind in ("LUT", "FF", "EBR"):
        assert data["estimated"][kind] == sum(row[kind] for row in data["layers"])

    again = json.loads(said(capsys, "estimate", random_model, "--fold", data["file"], "--json"))
    assert again["cycles per frame"] == data["cycles per frame"]
    assert again["estimated"]["lut"] == data["estimated"]["LUT"]
    said(capsys, "rtl", random_model, "--fold", data["file"], "--out", "a.v")
    said(capsys, "rtl", random_model, "--fold", data["file"], "--out", "b.v")
    assert (tmp_path / "a.v").read_text() == (tmp_path / "b.v").read_text()
    way = (*stretch, "--array", "4x2x4", "--json")
    least = json.loads(said(capsys, "estimate", random_model, *way))["estimated"]
    assert least["lut"] <= data["estimated"]["LUT"]  # beside a board wires have a price
    faster = ("--fps", 10**8 / (data["cycles per frame"] - 1))
    line = refused(capsys, "fold", random_model, *stretch, "--array", "4x2x4", *faster)
    assert line.startswith("folding 'stages.0.1': needs at least ")


def test_an_array_that_does_not_fit_is_called_so(capsys, random_model):
    large = ("--sequential", "--array", "64x16x16")
    line = refused(capsys, "build", random_model, "--board", "ulx3s-25f", *large)
    assert line.startswith("ulx3s-25f: has 24,288 LUT4, and this hardware needs about ")
    assert line.endswith(" (estimate); make --array smaller or take a larger board")
