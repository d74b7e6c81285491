"""Bitstreams turned back: what is refused, and what of icebox's Verilog is repaired."""

import pytest

import boards
from boards.unpack import logic_of, without
from fq_hw.errors import ParameterError, ToolError


def test_refuses_what_icebox_cannot(tmp_path):
    with pytest.raises(ParameterError, match="^ulx3s-25f: only an iCE40's bitstream is turned"):
        logic_of(boards.find("ulx3s-25f"), tmp_path)
    with pytest.raises(ParameterError, match="^icebreaker: icebox_vlog writes no SPRAM, multipli"):
        logic_of(boards.find("icebreaker"), tmp_path)


def test_says_how_to_install_icebox(tmp_path, monkeypatch):
    for name in ("iceunpack",):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="^icebox_vlog: not found on PATH; apt install fpga-icest"):
        logic_of(boards.find("hx8k-breakout"), tmp_path)


def test_ports_are_declared_once():
    assert without("wire n1, clk, n3;", ["clk"]) == "wire n1, n3;"
    assert without("wire clk;", ["clk"]) == ""
