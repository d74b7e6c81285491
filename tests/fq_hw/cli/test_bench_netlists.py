"""Rows of the netlists: every step's command is one that exists, every stage is told."""

import json
import tomllib

from fq_hw.cli import bench_netlists, main
from fq_hw.cli.main import build_parser

SIMULATED = {"cells": 5_544, "images": 3, "scores": {"compared": 30, "mismatching": 0},
             "cycles": {"compared": 187, "mismatching": 0}}  # fmt: skip
BITS = {"lut_bits": 100, "lut_wrong": 0, "ram_bits": 200, "ram_wrong": 0}


def asked_by(monkeypatch, tmp_path, *words) -> list[str]:
    """The commands that the bench asks for."""
    monkeypatch.chdir(tmp_path)
    asked = []

    def ask(*words):
        args = build_parser().parse_args(words)  # one that is no command would end the test here
        asked.append(" ".join(words))
        bits = words[0] == "sim" and args.netlist == "bitstream" and "hx8k" not in asked[0]
        return (BITS if bits else SIMULATED), f"fq-hw {' '.join(words)}"

    monkeypatch.setattr(bench_netlists, "ask", ask)
    assert main(["bench-netlists", "--json", *words]) == 0
    return asked


def test_follows_a_small_network_into_its_bitstream(monkeypatch, tmp_path, capsys):
    build, *stages = asked_by(monkeypatch, tmp_path, "--only", "small")
    assert build.startswith("build build/netlists/small.toml --untrained --cycles ")
    assert "--keep-netlist --out build/netlists/small.bin" in build
    assert [words.split("--netlist ")[1].split()[0] for words in stages] == [
        "synth", "routed", "bitstream",
    ]  # fmt: skip
    assert all("--build build/netlists/small.build --images 3" in words for words in stages)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["how"] for row in rows] == ["synth"] * 4 + ["routed"] * 4 + ["bitstream"] * 4
    assert json.loads(bench_netlists.FILE.read_text()) == rows
    assert tomllib.loads(bench_netlists.SMALL.read_text())["network"]["name"] == "small"


def test_compares_the_bits_of_an_ecp5(monkeypatch, tmp_path, capsys):
    *_, bitstream = asked_by(monkeypatch, tmp_path, "--only", "demo")
    assert bitstream.endswith("--netlist bitstream --build build/netlists/demo.build")
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["value"], row["how"]) for row in rows[-2:]] == [(0, "bitstream")] * 2
