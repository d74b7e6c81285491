"""Every command as a user types it: output, JSON, and one clear line for bad input."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from commands import refused, said

from fq_hw import artifact, checkpoint, toolbox
from fq_hw.cli import main
from fq_hw.cli.main import COMMANDS, build_parser
from fq_hw.errors import ToolError
from fq_hw.flow.model import SHIPPED
from fq_hw.ir import Graph, serialize
from sim import verilator

pytestmark = pytest.mark.usefixtures("workplace")


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


def test_images_of_another_size(capsys, random_model):
    line = refused(capsys, "golden", random_model, "--data", "digits")
    assert line.startswith("data digits: images must be 8 x 8 x 1, as the network takes them (got")


def test_graph_of_another_version(capsys, tmp_path):
    exported = tmp_path / "old.safetensors"
    artifact.write(exported, "fq_hw.graph.9", {"name": "x", "nodes": []}, {})
    assert "is no file of the kind" in refused(capsys, "show", exported)


@pytest.mark.parametrize("command", ["sim", "demo"])
@pytest.mark.parametrize("option", ["--images", "--level-images"])
def test_how_much_to_simulate_is_checked_before_any_work(command, option, capsys):
    line = refused(capsys, command, "no model yet", option, -1)
    assert line.startswith(f"{option}: must be at least ")


def test_a_folder_with_spaces(tmp_path):
    with pytest.raises(ToolError, match=r"^rtl-sim: make cannot build in a folder with spaces"):
        verilator.build({"a.v": "module a; endmodule"}, "a", tmp_path / "my work" / "programs")


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
