"""The whole way once, on a small network; only the router and the packer are scripts."""

import json
from dataclasses import replace
from pathlib import Path

import fake_router
import numpy as np
import pytest
from idx_files import write_idx
from networks import NETWORKS, random_checkpoint, random_images

from fq_hw import checkpoint
from fq_hw.cli import main
from fq_hw.network import Stage, StemConv

SMALL = replace(  # Yosys sees each kind of unit once or twice
    NETWORKS["gains"],
    stem=(StemConv(width=4, norm=False),),
    stages=(Stage(width=4, blocks=1, stride=1),),
)


@pytest.mark.verilator
@pytest.mark.synth
def test_every_figure_has_its_name(tmp_path, monkeypatch, capsys, share_programs):
    monkeypatch.chdir(tmp_path)
    share_programs(tmp_path)
    fake_router.put(tmp_path, monkeypatch, ecppack=fake_router.PACKER)
    checkpoint.write(tmp_path / "gains.safetensors", random_checkpoint(SMALL, 1))
    images = random_images((8, 8, 1), 8)[..., 0]
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(8, dtype=np.uint8) % 4)
    words = ["demo", "gains.safetensors", "--cycles", "3000", "--data", "idx", "--path", ".",
             "--images", "4", "--level-images", "1"]  # fmt: skip
    assert main([*words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    cycles = data["cycles per frame"]["rtl-sim"]
    assert data["routed"]["frames per second"] == data["routed"]["MHz"] * 1e6 / cycles
    assert data["frames per second"] == {
        "core, this bitstream's clock": 25e6 / cycles,
        "link": 1e5 / (64 + 1 + 4 * 4 + 24),
    }
    rows = json.loads(Path("build/bench/demo.json").read_text())
    assert {row["command"] for row in rows} == {f"fq-hw {' '.join(words)} --json"}
    assert all(row["name"].startswith("gains on ulx3s-85f, 3000-cycles: ") for row in rows)
    assert data["levels"]["mismatching"] == data["scores"]["mismatching"] == 0
    assert data["bitstream"] == "build/ulx3s-85f/gains-3000-cycles.bit"
    assert data["report"] == "build/ulx3s-85f/gains-3000-cycles.html"
    check_report(data, cycles, capsys)


def check_report(data, cycles, capsys):
    """The page that the demo ends with; `fq-hw report` draws the same bytes again."""
    page = Path(data["report"]).read_bytes()
    text = page.decode()
    assert "not measured" in text  # other seeds; all else is
    assert f"{data['routed']['MHz']:.1f}" in text and f"{cycles:,}" in text
    assert f"{data['accuracy %']['rtl-sim']:.2f}" in text
    for again in ("build/ulx3s-85f/gains-3000-cycles.build", data["bitstream"]):
        assert main(["report", again, "--out", "again.html"]) == 0
        assert Path("again.html").read_bytes() == page
        assert capsys.readouterr().out == "report: again.html\n"
    assert main(["report", "gains.safetensors", "--cycles", "3000", "--out", "again.html"]) == 0
    assert Path("again.html").read_bytes() == page
