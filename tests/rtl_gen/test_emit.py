"""Emitted text: port names, the same bytes every time, and a Yosys that PATH does not show."""

import os
import re

import fake_router
import pytest
from full_disk import full_disk

from fq_hw.errors import ArtifactError, ToolError
from fq_hw.schedule.units import FifoUnit, ResultUnit
from rtl_gen.emit import to_rtlil, to_verilog
from rtl_gen.result import Result
from rtl_gen.skip_fifo import SkipFifo

UNIT = FifoUnit(lanes=2, bits=3, depth=5)


@pytest.fixture
def bare_path(monkeypatch, tmp_path):
    """A PATH on which the environment's own scripts are not."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("YOSYS", raising=False)


def test_verilog_needs_nothing_on_path(bare_path):
    text = to_verilog(SkipFifo(UNIT), "fifo")
    found = re.findall(r"^  (?:input|output)(?: \[(\d+):0\])? (\w+);", text, re.MULTILINE)
    widths = {name: int(high or 0) + 1 for high, name in found}
    streams = {f"{port}_{part}": 1 for port in "io" for part in ("valid", "ready")}
    assert widths.items() >= {**streams, "clk": 1, "rst": 1, "i_data": 6, "o_data": 6}.items()
    assert "YOSYS" not in os.environ


def test_a_full_disk_is_one_line():
    with full_disk(100), pytest.raises(ArtifactError, match=r"design\.il: could not be written"):
        to_verilog(SkipFifo(UNIT), "fifo")


def test_yosys_that_stops_half_way_is_noticed(tmp_path, monkeypatch):
    cut = fake_router.YOSYS.replace("; endmodule", "; wire a").replace("top.json", "/dev/null")
    fake_router.put(tmp_path, monkeypatch, yosys=cut)
    with pytest.raises(
        ToolError, match=r"^yosys: .*ended well, but wrote 0 of 2 modules; make room"
    ):
        to_verilog(SkipFifo(UNIT), "fifo")


@pytest.mark.parametrize("emit", [to_verilog, to_rtlil])
def test_same_input_same_bytes(emit):
    text = emit(SkipFifo(UNIT), "fifo")
    assert text == emit(SkipFifo(UNIT), "fifo")
    assert os.path.dirname(__file__) not in text and os.getcwd() not in text


def test_fields_beside_data_have_ports_of_their_own():
    text = to_verilog(Result(ResultUnit(classes=3, score_bits=8)), "result")
    found = re.findall(r"^  (input|output)(?: signed)?(?: \[(\d+):0\])? (\w+);", text, re.MULTILINE)
    ports = {(name, way, int(high or 0) + 1) for way, high, name in found}
    wanted = {("o_data", "output", 8), ("o_kind", "output", 2), ("o_last", "output", 1)}
    assert ports >= {*wanted, ("i_data", "input", 8), ("o_ready", "input", 1)}
