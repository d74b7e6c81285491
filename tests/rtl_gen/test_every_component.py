"""What holds for every component: golden beats, the cycle model's cycles, the stream rules."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace

import pytest
from component_checks import CHECKS, GRID, golden_beats_in_the_cycles_of_the_model
from zoo_groups import BROKEN, ONE_OF_EACH

from fq_hw.schedule import units
from rtl_gen.component import component_of
from sim.stalls import ONCE
from sim.zoo import ZOO, random_vectors


def test_zoo_has_every_unit():
    """Every record in ``fq_hw/schedule/units``, whether anything imports it or not.

    What lies outside the chip is filled first, and needs its pins: test_sdram_words.
    """
    names = [name for _, name, _ in pkgutil.walk_packages(units.__path__, f"{units.__name__}.")]
    found = {
        kind
        for name in names
        for kind in vars(importlib.import_module(name)).values()
        if inspect.isclass(kind) and issubclass(kind, units.Unit) and not inspect.isabstract(kind)
    }
    assert {type(unit) for unit in ZOO.values()} == {
        kind for kind in found if not component_of(kind).FILLED
    }


@pytest.mark.parametrize("pauses", ONCE, ids="-".join)
@pytest.mark.parametrize("name", ZOO)
def test_golden_beats_in_the_cycles_of_the_model(name, pauses):
    golden_beats_in_the_cycles_of_the_model(ZOO[name], pauses)


@pytest.mark.slow
@pytest.mark.parametrize("pauses", sorted({*GRID} - {*ONCE}), ids="-".join)
@pytest.mark.parametrize("name", ZOO)
def test_golden_beats_under_every_stall(name, pauses):
    golden_beats_in_the_cycles_of_the_model(ZOO[name], pauses)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ZOO)
def test_unit(name, check):
    check(ZOO[name])


@pytest.mark.verilator
@pytest.mark.parametrize(
    "name",
    [name if name in ONE_OF_EACH else pytest.param(name, marks=pytest.mark.slow) for name in ZOO],
)
def test_verilog(name, verilog_problem):
    assert verilog_problem(name) == ""


@pytest.mark.slow
@pytest.mark.verilator
def test_verilog_under_every_stall(replay, tmp_path):
    vectors = {name: random_vectors(unit) for name, unit in ZOO.items()}
    found = replay(vectors, tmp_path, GRID)
    assert found == {f"{name}/{into}/{out}": "" for name in ZOO for into, out in GRID}


@pytest.mark.verilator
def test_verilog_check_can_fail(replay, tmp_path):
    """Vectors that are wrong on purpose: another beat, one too few, one that never comes."""
    other, fewer, never = (random_vectors(ZOO[name]) for name in BROKEN)
    wrong = {
        "fifo_3": replace(other, o={"o": (*other.o["o"][:-1], other.o["o"][-1] ^ 1)}),
        "fork_2": replace(fewer, o={**fewer.o, "o_1": fewer.o["o_1"][:-1]}),
        "add_even": replace(never, i={**never.i, "i_b": never.i["i_b"][:-1]}),
    }
    found = replay(wrong, tmp_path, ONCE)
    assert {(*case.split("/")[1:],) for case in found} == set(ONCE)
    for name, message in {
        "fifo_3": "fifo_3_o beat 56: got ",
        "fork_2": "fork_2_o_1 beat 47: a beat too many",
        "add_even": "stands still before add_even_o beat 71 of 72, or an input is not taken",
    }.items():
        said = [text for case, text in found.items() if case.startswith(f"{name}/")]
        assert len(said) == len(ONCE) and all(text.startswith(message) for text in said)
