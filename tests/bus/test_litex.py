"""The example of docs/examples: an accelerator in a LiteX SoC, whose bus a host drives."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from networks import TINY, random_checkpoint

from fq_hw import checkpoint, flow

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "litex_soc.py"


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("litex", reason="LiteX is not installed: extra litex")
    spec = importlib.util.spec_from_file_location("litex_soc", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.verilator
def test_a_soc_gives_goldens_results(example, programs, tmp_path, capsys, monkeypatch):
    """Under stalls; and a result that is not golden's is seen."""
    programs.mkdir(parents=True, exist_ok=True)
    (tmp_path / "programs").symlink_to(programs)
    checkpoint.write(tmp_path / "net.safetensors", random_checkpoint(TINY["tiny"], 1))
    words = [str(tmp_path / "net.safetensors"), "--array", "2x2x4", "--out", str(tmp_path)]
    assert example.main([*words, "--pause", "150"]) == 0
    assert "2 of 2 results are those of the golden model" in capsys.readouterr().out
    monkeypatch.setattr(flow.Model, "labels", lambda self, images: np.array([4, 4]))
    assert example.main(words) == 1
    assert "0 of 2 results are those of the golden model" in capsys.readouterr().out
