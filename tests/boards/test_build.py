# amaranth: UnusedElaboratable=no
"""From a core to a bitstream, with the real tools (marker synth) and without."""

import dataclasses

import pytest
from cores import SumCore

import boards
from boards.build import build, overuse
from fq_hw import toolbox
from fq_hw.errors import CapacityError, ParameterError, ToolError

ULX3S = boards.find("ulx3s-85f")
LOG = """\
Info: Device utilisation:
Info: 	          TRELLIS_IO:       3/    365     0%
Info: 	              DP16KD:     256/    208   123%
Info: 	        TRELLIS_COMB:   90000/  83640   107%
Info: 	          TRELLIS_FF:     432/  83640     0%
"""


@pytest.mark.synth
def test_builds_a_bitstream(tmp_path):
    lines, out = [], tmp_path / "net.bit"
    core = SumCore(784, 1)
    result = build(core, ULX3S, out, pixels=784, colours=1, report=lines.append)
    assert result.bitstream == out and out.stat().st_size > 100_000
    assert result.fmax_mhz > 25
    assert 200 < result.lut4 < 1500 and 100 < result.ff < 1000 and result.ebr == 1
    assert "LFE5U-85F" in out.read_bytes()[:200].decode("latin-1")
    for step in ("generate", "synthesise", "place and route", "  routing", "pack"):
        assert any(line.startswith(step) for line in lines), step
    assert {"yosys.log", "nextpnr.log", "ecppack.log"} <= {p.name for p in result.work.iterdir()}


@pytest.mark.synth
def test_a_design_that_does_not_fit_is_named(tmp_path):
    out = tmp_path / "net.bit"
    out.write_text("the last good one")
    with pytest.raises(CapacityError, match="^ulx3s-85f: the design needs [0-9]+ EBR of 208; "):
        build(SumCore(64, 1, extra=2**18), ULX3S, out, pixels=64, colours=1)
    assert out.read_text() == "the last good one"


@pytest.mark.synth
def test_a_design_that_is_too_slow_is_named(tmp_path):
    fast = dataclasses.replace(ULX3S, clock_mhz=1000.0)
    with pytest.raises(CapacityError, match="^timing: ulx3s-85f runs the design at 1000 MHz; "):
        build(SumCore(64, 1), fast, tmp_path / "net.bit", pixels=64, colours=1)
    assert not (tmp_path / "net.bit").exists()


def test_overuse_reads_nextpnrs_table():
    assert overuse(LOG) == ["needs 256 EBR of 208", "needs 90000 LUT4 of 83640"]
    assert overuse(LOG.replace("256/", "208/").replace("90000/", "83640/")) == []


def test_refuses_another_suffix(tmp_path):
    with pytest.raises(ParameterError, match=r"^build: out must end in \.bit, not"):
        build(SumCore(4, 1), ULX3S, tmp_path / "net", pixels=4, colours=1)


def test_refuses_another_family(tmp_path):
    other = dataclasses.replace(ULX3S, family="ice40")
    with pytest.raises(ParameterError, match="^build: only ecp5 boards .* not 'ice40'$"):
        build(SumCore(4, 1), other, tmp_path / "net.bit", pixels=4, colours=1)


def test_a_missing_tool_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(toolbox, "WANTED", {})
    with pytest.raises(ToolError, match="^tool 'yosys'"):
        build(SumCore(4, 1), ULX3S, tmp_path / "net.bit", pixels=4, colours=1)
    assert not list(tmp_path.iterdir())
