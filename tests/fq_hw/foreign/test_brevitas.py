"""Networks that Brevitas trained and exported: equal to qonnx value for value, and in Verilog."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from fq_hw.cli import main
from fq_hw.flow import simulate

pytestmark = [pytest.mark.train, pytest.mark.verilator]
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "brevitas_residual.py"


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("brevitas")
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    spec = importlib.util.spec_from_file_location("brevitas_residual", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slow(*values):
    """Larger, or between the two others."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("weight_bits", "act_bits", "verilog"),
    [(1, 2, True), slow(4, 4, False), slow(2, 2, True), slow(4, 4, True)],
)
def test_a_residual_network(
    example, weight_bits, act_bits, verilog, tmp_path, monkeypatch, capsys, share_programs
):
    monkeypatch.chdir(tmp_path)
    share_programs(tmp_path)
    net = example.Net(weight_bits, act_bits)
    example.train(net, 12)
    example.export(net, Path("net.onnx"))
    capsys.readouterr()

    def run(*words):
        assert main([*words, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    run("import", "net.onnx")
    graph = "build/net.graph.safetensors"
    found = run("verify", graph, "--against", "net.onnx", "--images", "25")
    assert sum(row["differing"] for row in found["tensors"]) == 0
    assert len(found["tensors"]) > 20
    if not verilog:
        return
    # The accuracy of this net, trained for 12 steps, is nobody's business.
    monkeypatch.setattr(simulate, "golden_labels", lambda graph, images: np.zeros(len(images), int))
    ran = run("sim", graph, "--cycles", "20000", "--images", "4", "--level-images", "2")
    assert ran["levels"]["mismatching"] == ran["scores"]["mismatching"] == 0
    assert ran["levels"]["compared"] > 50_000
    assert ran["cycles per frame"]["predicted"] == ran["cycles per frame"]["rtl-sim"]
