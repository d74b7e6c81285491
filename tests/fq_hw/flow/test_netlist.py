"""A netlist beside golden: what is refused before any work, and what the whole way finds."""

from __future__ import annotations

import functools
import gzip
import json

import numpy as np
import pytest
from networks import TINY, random_graph
from small_report import CLASSES

import boards
from boards.build import ROUTED_NETLIST
from fq_hw.data.dataset import DataKind
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, ParameterError, SimulationError
from fq_hw.flow.describe import describe
from fq_hw.flow.model import Model
from fq_hw.flow.netlist import NetlistRun, Stage, compare_netlist, read_build, read_routed
from fq_hw.report.record_files import DESIGN, ROUTED, save
from fq_hw.report.records import RoutedRecord

BOARD = boards.find("ulx3s-25f")


@functools.cache
def design(cycles: int = 500):
    """A small network with random weights."""
    source = Source(kind=DataKind.FOLDER, path="x", image=TINY["tiny"].image, classes=CLASSES)
    model = Model(graph=random_graph("tiny", seed=1), source=source)
    return model.lowered().design(cycles=cycles)


@pytest.fixture
def folder(tmp_path):
    """What a build leaves, but for its netlists."""
    record = describe(design(), BOARD, ["--board", BOARD.name, "--baud", "6250000"])
    save(tmp_path / DESIGN, record)
    numbers = dict.fromkeys(("seed", "lut4", "ff", "ebr", "spram", "multipliers"), 1)
    clocks = dict.fromkeys(("clock_mhz", "aim_mhz", "fmax_mhz"), 25.0)
    routed = RoutedRecord(board=BOARD.name, router="r", seeds=(), **numbers, **clocks)
    save(tmp_path / ROUTED, routed)
    return tmp_path


def test_reads_board_clock_and_baud(folder):
    built = read_build(folder, design())
    assert (built.board, built.clock_hz, built.baud) == (BOARD, 25e6, 6_250_000)


def test_refuses_another_design(folder):
    with pytest.raises(
        ParameterError, match=r"was built from another design \(tiny, --cycles 500\)"
    ):
        read_build(folder, design(cycles=2_000))


def test_refuses_a_folder_that_is_no_build(tmp_path):
    with pytest.raises(ArtifactError, match="there is no such file; `fq-hw build` writes it$"):
        read_build(tmp_path, design())


def test_says_how_a_routed_netlist_is_kept(folder):
    with pytest.raises(
        ArtifactError, match="no such file; `fq-hw build --keep-netlist` leaves it$"
    ):
        read_routed(folder)
    (folder / ROUTED_NETLIST).write_bytes(b"no gzip file")
    with pytest.raises(ArtifactError, match="is no gzip file .* `fq-hw build --keep-netlist`"):
        read_routed(folder)
    (folder / ROUTED_NETLIST).write_bytes(gzip.compress(json.dumps({"modules": {}}).encode()))
    assert read_routed(folder) == {"modules": {}}


def test_a_difference_is_an_error():
    found = {"stage": Stage.SYNTH, "board": "b", "cells": 1, "images": 1, "scores_compared": 4,
             "scores_wrong": 0, "bytes_compared": 9, "cycles": (7,), "cycles_wrong": 0,
             "cycles_per_second": 1.0}  # fmt: skip
    NetlistRun(**found).check()
    with pytest.raises(
        SimulationError, match="^synth netlist: differs from the golden model in 2 "
    ):
        NetlistRun(**found | {"scores_wrong": 2}).check()
    with pytest.raises(SimulationError, match="^synth netlist: gives 3 bytes that differ from the"):
        NetlistRun(**found | {"cycles_wrong": 3}).check()


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.verilator
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(
    ("board", "baud"), [("ulx3s-25f", 6_250_000), ("hx8k-breakout", 3_000_000)]
)
def test_a_network_as_far_as_its_bitstream(stage, board, baud, tmp_path_factory, monkeypatch):
    suffix = boards.find(board).toolchain.bitstream
    place = tmp_path_factory.getbasetemp() / f"netlist-{board}"
    place.mkdir(exist_ok=True)
    monkeypatch.chdir(place)
    out = place / f"net{suffix}"
    if not out.exists():  # by the first of the stages
        design().build(board, out=out, baud=baud, keep_netlist=True)
    built = read_build(out.with_suffix(".build"), design())
    if stage is Stage.BITSTREAM and board == "ulx3s-25f":
        from fq_hw.flow.netlist import compare_tables

        bits = compare_tables(built)
        assert bits.lut_wrong == bits.ram_wrong == 0 < bits.lut_bits
        return
    images = np.random.default_rng(3).integers(0, 256, (3, *design().model.image), np.uint8)
    compare_netlist(design(), built, stage, images).check()
