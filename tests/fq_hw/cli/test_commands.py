"""Every command as a user types it: output, JSON, and one clear line for bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fake_router
import numpy as np
import pytest
import safetensors.numpy
from classic import classic_graph
from networks import NETWORKS, random_checkpoint

from fq_hw import artifact, checkpoint, toolbox
from fq_hw.cli import main
from fq_hw.cli.main import COMMANDS, build_parser
from fq_hw.errors import ToolError
from fq_hw.flow.model import SHIPPED
from fq_hw.ir import Graph, serialize
from sim import verilator


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Commands write below the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def random_model(tmp_path):
    """A checkpoint file of a small network with random weights."""
    path = tmp_path / "gains.safetensors"
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    return path


def said(capsys, *words: object) -> str:
    """stdout of a command that must succeed."""
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def refused(capsys, *words: object) -> str:
    """The one line of a command that must fail."""
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert out == "" and len(lines) == 1, (out, err)
    assert lines[0].startswith("fq-hw: error: ")
    return lines[0].removeprefix("fq-hw: error: ")


@pytest.mark.parametrize(
    "command",
    [c.__name__.split(".")[-1].removesuffix("_model").replace("_", "-") for c in COMMANDS],
)
def test_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args([command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "--json" in text and "usage: fq-hw" in text


def test_export_show_and_reload(capsys, random_model):
    data = json.loads(said(capsys, "export", random_model, "--out", "g.safetensors", "--json"))
    assert data["graph"] == "g.safetensors" and data["ops"] > 10
    from_graph = said(capsys, "show", "g.safetensors")
    assert from_graph == said(capsys, "show", random_model)
    assert "= Threshold(" in from_graph and from_graph.startswith("graph gains")


def test_golden_on_the_built_in_data(capsys):
    data = json.loads(said(capsys, "golden", "--images", 1000, "--json"))
    record = checkpoint.read(SHIPPED).accuracy
    assert (data["images"], data["right"]) == (record.images, 981)
    assert record.percent >= 97 and data["accuracy %"] >= 97
    assert "100.00 % (20 of 20 images)" in said(capsys, "golden", "--images", 20)


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


def test_rtl_is_the_same_twice(capsys, random_model, tmp_path):
    for out in ("a.v", "b.v"):
        said(capsys, "rtl", random_model, "--cycles", 3000, "--out", out)
    text = (tmp_path / "a.v").read_text()
    assert text == (tmp_path / "b.v").read_text()
    assert "module accelerator(" in text and str(tmp_path) not in text


def test_rtl_names_all_that_it_writes(capsys, random_model, tmp_path):
    words = ("rtl", random_model, "--top", "mine", "--family", "ecp5", "--out", "new/net 1.v")
    data = json.loads(said(capsys, *words, "--json"))
    ends = ("inst.v", "bench.v", "pixels.hex", "result.hex", "primitives.v")
    assert data["beside"] == [f"new/net_1_{end}" for end in ends]
    files = sorted(["net 1.v", *(f"net_1_{end}" for end in ends)])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == files
    modules = re.findall(r"(?m)^module \\?(\S+?)[ (]", (tmp_path / "new/net 1.v").read_text())
    assert modules[0] == "mine" and all(name.startswith("mine.") for name in modules[1:])


def test_rtl_writes_all_or_nothing(capsys, random_model, tmp_path):
    (tmp_path / "new" / "net_pixels.hex").mkdir(parents=True)
    line = refused(capsys, "rtl", random_model, "--out", "new/net.v")
    assert line.startswith("--out new/net_pixels.hex: is a folder")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["net_pixels.hex"]


@pytest.mark.parametrize("top", ["module", "a b", "ALU"])
def test_rtl_refuses_a_bad_top(top, capsys, random_model, tmp_path):
    assert refused(capsys, "rtl", random_model, "--top", top).startswith("--top: ")
    assert not (tmp_path / "build").exists()


def test_doctor_names_every_tool(capsys):
    text = said(capsys, "doctor")
    assert all(name in text for name in toolbox.NAMES)


def test_truncated_checkpoint(capsys, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(SHIPPED.read_bytes()[:5000])
    line = refused(capsys, "golden", "cut.safetensors")
    assert line.startswith("cut.safetensors: not a whole safetensors file")
    assert "make it again with `fq-hw train`" in line


def test_foreign_checkpoint(capsys):
    safetensors.numpy.save_file({"w": np.zeros(3, np.float32)}, "other.safetensors")
    line = refused(capsys, "export", "other.safetensors")
    assert line.startswith("other.safetensors: is no file of the kind fq_hw.checkpoint.2")


def test_missing_model(capsys):
    assert refused(capsys, "show", "nowhere.safetensors").startswith(
        "nowhere.safetensors: there is no"
    )


def test_unsupported_op(capsys, tmp_path):
    nodes = [{"op": "input", "name": "pixels", "inputs": [], "shape": [4, 4, 1]}]
    nodes += [{"op": "sort", "name": "sort1", "inputs": ["pixels"], "size": 2}]
    record = {"name": "pooled", "nodes": nodes}
    artifact.write(tmp_path / "pooled.safetensors", serialize.KIND, record, {})
    line = refused(capsys, "rtl", "pooled.safetensors")
    assert line.startswith("pooled.safetensors: op 'sort1': kind must be one of add, ")
    assert line.endswith("(got 'sort')")


@pytest.mark.parametrize(
    ("command", "tool"),
    [("sim", "g++"), ("sim", "verilator"), ("build", "nextpnr-ecp5"), ("demo", "ecppack")],
)
def test_missing_tool(command, tool, capsys, monkeypatch, random_model, tmp_path):
    def absent():
        raise LookupError("not found")

    wanted = toolbox.WANTED[tool]
    monkeypatch.setitem(toolbox.WANTED, tool, replace(wanted, locate=absent))
    before = sorted(tmp_path.rglob("*"))
    line = refused(capsys, command, random_model, "--cycles", 3000)
    assert line == f"{tool}: not found; {wanted.remedy}"
    assert "install" in wanted.remedy
    made = [p for p in tmp_path.rglob("*") if p not in before and p.is_file()]
    assert not made, "nothing may be half written"


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
    assert "(estimate); fold more (--cycles) or take a larger board" in line
    assert not list(tmp_path.rglob("*.bit"))


def test_unknown_board(capsys):
    assert refused(capsys, "build", "--board", "icestick").startswith("board: must be one of ")


def test_images_of_another_size(capsys, random_model):
    line = refused(capsys, "golden", random_model, "--data", "digits")
    assert line.startswith("data digits: images must be 8 x 8 x 1, as the network takes them (got")


def test_graph_of_another_version(capsys, tmp_path):
    exported = tmp_path / "old.safetensors"
    artifact.write(exported, "fq_hw.graph.9", {"name": "x", "nodes": []}, {})
    assert "is no file of the kind" in refused(capsys, "show", exported)


@pytest.mark.parametrize("command", ["export", "rtl", "build"])
def test_output_that_cannot_be_written(command, capsys, random_model, tmp_path):
    (tmp_path / "folder.bit").mkdir()
    (tmp_path / "file").write_text("")
    for out, said in (
        ("folder.bit", "is a folder; a file shall be written; name one"),
        ("file/x.bit", "cannot be written (Not a directory); name another file"),
    ):
        line = refused(capsys, command, random_model, "--out", out, *FAST[command])
        assert line.startswith(f"--out {out}: {said}")
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("out", [".", "pipe", "/dev/full", "link", "\0", "x" * 6000])
def test_output_that_is_no_file(out, capsys, random_model, tmp_path):
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    line = refused(capsys, "rtl", random_model, "--out", out, *FAST["rtl"])
    assert line.startswith(f"--out {out[:5]}".rstrip("\0")) and len(line) <= 1000
    assert stat.S_ISFIFO(Path("pipe").lstat().st_mode) and Path("link").is_symlink()


def test_an_output_by_a_link_is_written_where_it_points(capsys, random_model, tmp_path):
    Path("link").symlink_to("real")
    said(capsys, "export", random_model, "--out", "link")
    assert Path("link").is_symlink() and serialize.load(Path("real")).name == "gains"


FAST = {"export": (), "rtl": ("--cycles", 3000), "build": ("--cycles", 3000)}


@pytest.fixture
def fake_tools(tmp_path, monkeypatch):
    """Yosys, nextpnr-ecp5 and ecppack that need no time; seed 3 cannot be routed."""
    others = {"ecppack": fake_router.PACKER, "yosys": fake_router.YOSYS}
    fake_router.put(tmp_path, monkeypatch, **others)


def test_build_tells_the_spread_of_its_seeds(capsys, random_model, fake_tools):
    words = ("build", random_model, "--cycles", 3000, "--seeds", 5, "--jobs", 2)
    data = json.loads(said(capsys, *words, "--json"))
    assert data["spread MHz"] == {"min": 100.5, "median": 115.5, "max": 140.5}
    assert [row["fmax_mhz"] for row in data["seeds"]] == [110.5, 120.5, None, 140.5, 100.5]
    assert "cannot route net x" in data["seeds"][2]["error"]
    assert (data["seed"], data["fmax_mhz"]) == (4, 140.5)
    assert Path(data["bitstream"]).read_text() == "config of seed 4\n"
    lines = [line.split() for line in said(capsys, *words).splitlines()]
    assert ["min", "MHz", "median", "MHz", "max", "MHz"] in lines
    assert ["100.50", "115.50", "140.50"] in lines
    assert [line[:2] for line in lines if line and line[0] in "145"] == [
        ["1", "110.50"], ["4", "140.50"], ["5", "100.50"],
    ]  # fmt: skip


def test_build_at_a_clock_of_its_own(capsys, random_model, fake_tools):
    words = ("build", random_model, "--cycles", 3000)
    assert json.loads(said(capsys, *words, "--clock", 50, "--json"))["clock_mhz"] == 50
    line = refused(capsys, *words, "--clock", 150)
    assert line.startswith("timing: the routed design reaches ")
    assert "ulx3s-85f would run it at 150 MHz; try other seeds (--seed" in line


def test_build_without_its_scheduler(capsys, random_model, fake_tools, monkeypatch):
    monkeypatch.setattr("boards.farm.ANSWER_S", 0.2)
    where = "tcp://127.0.0.1:9"
    line = refused(capsys, "build", random_model, "--cycles", 3000, "--scheduler", where)
    assert line.startswith(f"--scheduler {where}: does not answer")


def test_build_names_its_boards(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["build", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in ("ulx3s-25f", "icebreaker"))


@pytest.mark.parametrize(
    "option",
    [("--mhz", "nan"), ("--mhz", "-3"), ("--seed", "-1"), ("--seeds", "0"), ("--jobs", "0"),
     ("--clock", "nan"), ("--clock", "0")],
)  # fmt: skip
def test_build_options_are_checked_before_any_work(option, capsys):
    line = refused(capsys, "build", "no model yet", *option)
    assert line.startswith(f"{option[0]}: must be in ")


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("bench", "--only", "dots"), "engine"),
        (("demo", "no model yet"), "demo"),
        (("bench-cnv", SHIPPED, "--path", "."), "cnv"),
        (("bench-imagenet", "--only", "erns18"), "imagenet"),
        (("bench-tiny", "."), "tiny"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_figures_that_cannot_be_written_are_not_measured(words, file, capsys, tmp_path):
    path = Path(f"build/bench/{file}.json")
    path.mkdir(parents=True)
    assert refused(capsys, *words) == f"{words[0]}: is a folder; a file shall be written; name one"


@pytest.mark.parametrize("command", ["sim", "demo"])
@pytest.mark.parametrize("option", ["--images", "--level-images"])
def test_how_much_to_simulate_is_checked_before_any_work(command, option, capsys):
    line = refused(capsys, command, "no model yet", option, -1)
    assert line.startswith(f"{option}: must be at least ")


@pytest.mark.parametrize("command", ["estimate", "rtl", "sim", "build", "demo", "fold"])
@pytest.mark.parametrize("cycles", [-1, 0, 10**9 + 1, 10**30])
def test_cycles_that_nobody_means(command, cycles, capsys, random_model):
    line = refused(capsys, command, random_model, "--cycles", cycles)
    assert line == f"--cycles: must be in 1..1,000,000,000 (got {cycles})"


def test_a_folder_with_spaces(tmp_path):
    with pytest.raises(ToolError, match=r"^rtl-sim: make cannot build in a folder with spaces"):
        verilator.build({"a.v": "module a; endmodule"}, "a", tmp_path / "my work" / "programs")


def test_says_when_a_frame_takes_longer_than_asked(capsys, random_model):
    assert main(["estimate", str(random_model), "--cycles", "70"]) in (0, 2)
    capsys.readouterr()
    assert main(["estimate", str(random_model), "--cycles", "600", "--json"]) == 0
    out, err = capsys.readouterr()
    slower = json.loads(out)["cycles per frame"] > 600
    assert ("note: a frame takes" in err) == slower


def test_interrupt_is_one_line(capsys, monkeypatch):
    def stop(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("fq_hw.cli.golden.model_of", stop)
    assert main(["golden"]) == 130
    assert capsys.readouterr().err == "fq-hw: interrupted\n"


def test_termination_ends_the_tools_too(tmp_path, random_model):
    """SIGTERM during a tool's run leaves no process behind."""
    code = (
        "import sys; from pathlib import Path; from fq_hw import toolbox;"
        "from fq_hw.entry import main;"
        "import fq_hw.cli.golden as g;"
        "tool = toolbox.Tool('sleeper', ('sh', '-c', 'echo $$ > pid; sleep 60'), '', '');"
        "g.model_of = lambda args: toolbox.run(tool, [], cwd=Path('.'), log=Path('log'));"
        "sys.argv[1:] = ['golden']; main()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    pid = tmp_path / "pid"
    for _ in range(200):
        if pid.exists() and pid.read_text().strip():
            break
        time.sleep(0.05)
    process.terminate()
    assert process.wait(10) == 128 + signal.SIGTERM
    for _ in range(100):
        if not Path(f"/proc/{pid.read_text().strip()}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the tool is still running")


def test_every_op_has_a_graph_kind():
    assert Graph.from_nodes("n", [{"op": "input", "name": "p", "inputs": [], "shape": [1, 1, 1]}])


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
