"""The new unit of docs/how-to/unit.md: its blocks, laid where they say, are all it needs."""

from __future__ import annotations

import importlib
from pathlib import Path

import documents
import numpy as np
import pytest
from component_checks import CHECKS, GRID, golden_beats_in_the_cycles_of_the_model
from documents import ROOT

import rtl_gen
from fq_hw.errors import FoldingError
from fq_hw.schedule import units
from rtl_gen.component import UnitComponent
from sim.zoo import ZOO, beats

BLOCKS = {block.title: block.content for block in documents.blocks(ROOT / "docs/how-to/unit.md")}
RECORD, COMPONENT, ROWS, TEST = (
    "fq_hw/schedule/units/number.py",
    "rtl_gen/number.py",
    "sim/zoo/beats.py",
    "tests/rtl_gen/test_number.py",
)
NAMES = ["number_2", "number_5", "number_8"]


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """The record's class and its rows, with the files where they would be."""
    with pytest.MonkeyPatch.context() as patch:
        for package, name in ((units, RECORD), (rtl_gen, COMPONENT)):
            folder = tmp_path_factory.mktemp("new")
            (folder / Path(name).name).write_text(BLOCKS[name])
            patch.setattr(package, "__path__", [*package.__path__, str(folder)])
        kind = importlib.import_module("fq_hw.schedule.units.number").NumberUnit
        rows = {}
        exec(BLOCKS[ROWS], {**vars(beats), "np": np, "NumberUnit": kind, "UNITS": rows})
        yield kind, rows
        UnitComponent.KINDS.pop(kind, None)


def test_four_places(new):
    assert list(BLOCKS) == [RECORD, COMPONENT, ROWS, TEST]
    assert list(new[1]) == NAMES
    assert not {*NAMES} & {*ZOO}


@pytest.mark.parametrize("pauses", GRID, ids="-".join)
@pytest.mark.parametrize("name", NAMES)
def test_golden_beats_in_the_cycles_of_the_model(new, name, pauses):
    golden_beats_in_the_cycles_of_the_model(new[1][name], pauses)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_unit(new, name, check):
    check(new[1][name])


def test_what_it_refuses(new):
    space = {"pytest": pytest, "FoldingError": FoldingError, "NumberUnit": new[0]}
    exec(BLOCKS[TEST], space)
    test = space["test_refuses_lengths_that_its_bits_do_not_hold"]
    (lengths,) = (mark.args[1] for mark in test.pytestmark)
    assert lengths
    for length in lengths:
        test(length)
