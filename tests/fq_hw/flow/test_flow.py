"""The Python API: what README shows runs as it stands there, and importing it is light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import TINY, random_checkpoint, random_images

from fq_hw import checkpoint, flow, golden
from fq_hw.errors import ParameterError

ROOT = Path(__file__).parents[3]
HEAVY = {"torch", "amaranth", "onnx", "qonnx", "ortools", "scipy", "cocotb", "boards", "sim"}
MAY = {  # what a command may import beside the standard library: it parses, calls the flow, prints
    "fq_hw.flow", "fq_hw.cli", "fq_hw.report", "fq_hw.errors", "fq_hw.files", "fq_hw.plain",
    "fq_hw.serve", "fq_hw.toolbox", "fq_hw.child", "fq_hw.ending", "fq_hw.__version__",
    # values, kinds and types of options
    "fq_hw.artifact.MOST_BYTES", "fq_hw.data.Data", "fq_hw.data.DataKind", "fq_hw.data.Split",
    "fq_hw.fixed.search.SearchConfig", "fq_hw.fixed.search.Shape", "fq_hw.fixed.search.Variant",
    "fq_hw.foreign.pixels.PixelRange", "boards.toolchain.Placer", "boards.protocol.BAUD",
    "boards.accelerator.TRIES", "boards.accelerator.Accelerator", "boards.accelerator.Answer",
    # what is told beside the figures of a design
    "boards", "boards.rates.core_rate", "boards.rates.link_rate", "fq_hw.ir.text",
    "fq_hw.schedule.resources.PRICED",
}  # fmt: skip
WHOLE = {name for name in MAY if name.count(".") == 1}  # with all that is in it


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A checkpoint of a very small network."""
    path = tmp_path_factory.mktemp("flow") / "tiny.safetensors"
    checkpoint.write(path, random_checkpoint(TINY["tiny"], 1))
    return path


@pytest.fixture(scope="module")
def model(tiny):
    return flow.load(tiny)


def test_readme(tiny, tmp_path, monkeypatch, capsys):
    """Its lines, with a smaller network in the place of the shipped one."""
    assert flow.SHIPPED.is_file()
    monkeypatch.setattr(flow, "SHIPPED", tiny)
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(snippets) == 1
    assert len(snippets[0].splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    exec(snippets[0], {})
    assert "module accelerator(" in Path("accelerator.v").read_text()
    said = capsys.readouterr().out
    assert "<Model 'tiny': image 4x6x2, 4 classes, 840 weights>" in said
    assert "<Design 'tiny': 864 cycles per frame, latency " in said


def test_importing_it_is_light():
    code = "import sys, fq_hw.flow; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_tensors_of_a_batch(model):
    images = random_images(model.image, 3)
    tensors = golden.run(model.graph, images)
    for op in model.graph.ops:
        assert np.array_equal(model.tensor(images, op.name), tensors[op.name])
    assert model.scores(images).shape == (3, model.graph.classes)
    assert np.array_equal(model.labels(images), model.scores(images).argmax(1))
    assert model.tensor(images[:0], "embedding").shape == (0, *tensors["embedding"].shape[1:])
    with pytest.raises(ParameterError, match="must be one of pixels, embedding, .*'embeding'"):
        model.tensor(images, "embeding")


def test_a_folding_for_a_board_is_the_same_from_its_file(model, tmp_path):
    made = model.design(board="ulx3s-25f")
    made.save_folding(tmp_path / "fold.json")
    again = model.design(fold=tmp_path / "fold.json")
    assert [node.unit for node in again.plan.nodes] == [node.unit for node in made.plan.nodes]
    assert again.interval == made.interval


def test_one_way_at_a_time(model):
    with pytest.raises(ParameterError, match="takes one of hardware, cycles, fold, board$"):
        model.design(cycles=600, board="ulx3s-25f")


def test_arrays_are_hardware_like_any(model, tmp_path):
    one = model.design(array="4x2x4")
    assert {row["MAC/cycle"] for row in one.units} == {None, 32}
    stretches = [("stem.0.conv", "stages.1.0")]
    made = model.design(in_turn=stretches, array="4x2x4")
    assert made.interval < one.interval and made.resources.lut > one.resources.lut
    with pytest.raises(ParameterError, match="takes in_turn and array as hardware.arrays"):
        model.design(made.hardware, array="4x2x4")
    made.save_folding(tmp_path / "fold.json")
    again = model.design(fold=tmp_path / "fold.json")
    units = [(node.name, node.unit) for node in made.plan.nodes]
    assert [(node.name, node.unit) for node in again.plan.nodes] == units
    board = model.design(board="ulx3s-25f", in_turn=stretches, array="4x2x4")
    assert board.interval <= made.interval and board.folding.arrays == made.folding.arrays


def test_an_untrained_configuration_says_so():
    found = flow.load(ROOT / "fq_hw/models/ern-digits.toml")
    assert repr(found).endswith("weights, untrained: sizes only>")


def cli_nodes():
    for path in sorted((ROOT / "fq_hw/cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield path.name, node


def test_no_command_forges_arguments():
    """``argparse.Namespace`` is made by the parser; whoever needs one calls the API instead."""
    forged = [
        (name, node.lineno)
        for name, node in cli_nodes()
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Namespace")
    ]
    assert forged == []


def test_commands_import_what_they_parse_call_and_print():
    used = set()
    for name, node in cli_nodes():
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        for one in found:
            if one.partition(".")[0] in sys.stdlib_module_names:
                continue
            whole = ".".join(one.split(".")[:2])
            allowed = whole if whole in WHOLE else one
            used.add(allowed)
            said = f"{name}:{node.lineno} imports {one}; fq_hw.flow has what it needs"
            assert allowed in MAY, said
    assert used == MAY, f"no command needs {sorted(MAY - used)}"


def test_the_flow_knows_no_parser():
    for path in sorted((ROOT / "fq_hw/flow").glob("*.py")):
        assert "argparse" not in path.read_text(), path.name
