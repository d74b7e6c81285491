"""What holds for every component: golden beats, the cycle model's cycles, the stream rules."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from fq_hw.schedule import units
from rtl_gen.component import UnitComponent
from rtl_gen.top import component
from sim import components, pysim
from sim.prediction import predict
from sim.stalls import GRID, ONCE
from sim.vectors import random_vectors
from sim.zoo import ZOO

LAST_PIXEL = {  # where latency counts from another beat than the first
    units.PixelSumUnit: lambda unit: (unit.pixels - 1) * unit.folds,
    units.PoolUnit: lambda unit: ((unit.rows - 1) * unit.width + unit.columns - 1) * unit.folds,
    units.ScoreUnit: lambda unit: unit.classes - 1,
}


@functools.cache
def elaborated(name):
    """The zoo's unit, its vectors and its component, elaborated once for all tests of it."""
    unit = ZOO[name]
    vectors = random_vectors(unit)
    return unit, vectors, pysim.Elaborated(component(unit, vectors.contents))


@functools.cache
def replay(name, pauses=("never", "never")):
    """The zoo's unit, its vectors and the cycles of its transfers."""
    unit, vectors, part = elaborated(name)
    return unit, vectors, pysim.replay(part, vectors, pauses)


def test_zoo_has_every_unit():
    assert {type(unit) for unit in ZOO.values()} == {*UnitComponent.KINDS}


@pytest.mark.parametrize("pauses", GRID, ids="-".join)
@pytest.mark.parametrize("name", ZOO)
def test_golden_beats_in_the_cycles_of_the_model(name, pauses):
    unit, vectors, cycles = replay(name, pauses)
    assert cycles == predict(unit, vectors, pauses)


@pytest.mark.parametrize("name", ZOO)
def test_valid_waits_for_no_ready(name):
    _, vectors, part = elaborated(name)
    blocked = pysim.block(part, vectors)
    assert [blocked[port] for port in vectors.o] == [1] * len(vectors.o)


@pytest.mark.parametrize("name", ZOO)
def test_latency(name):
    unit, vectors, cycles = replay(name)
    first = LAST_PIXEL.get(type(unit), lambda unit: 0)(unit)
    since = [cycles[port][first] for port in vectors.i]
    pick = min if isinstance(unit, units.ConcatUnit) else max  # its inputs take turns
    since = pick(since, default=0)
    assert {cycles[port][0] - since for port in vectors.o} == {unit.latency()}


@pytest.mark.parametrize("name", [name for name, unit in ZOO.items() if unit.beats])
def test_interval(name):
    """A frame takes ``beats`` cycles; windows wait for their pixels besides."""
    unit, vectors, cycles = replay(name)
    taken = cycles["o"]
    interval = taken[-1] - taken[-1 - len(taken) // vectors.frames]
    if isinstance(unit, units.WindowUnit):
        assert interval >= unit.beats
    else:
        assert interval == unit.beats


@pytest.mark.verilator
@pytest.mark.parametrize("name", ZOO)
def test_verilog(name, verilog_problems):
    found = {case: verilog_problems.get(f"{name}/{'/'.join(case)}", "missing") for case in ONCE}
    assert found == dict.fromkeys(ONCE, "")


@pytest.mark.slow
@pytest.mark.verilator
def test_verilog_under_every_stall(zoo_program, tmp_path):
    vectors = {name: random_vectors(unit) for name, unit in ZOO.items()}
    found = components.replay(zoo_program, vectors, tmp_path, GRID)
    assert found == {f"{name}/{into}/{out}": "" for name in ZOO for into, out in GRID}


@pytest.mark.verilator
def test_verilog_check_can_fail(zoo_program, tmp_path):
    """Vectors that are wrong on purpose: another beat, one too few, one that never comes."""
    other, fewer, never = (random_vectors(ZOO[name]) for name in ("fifo_3", "fork_2", "add_even"))
    wrong = {
        "fifo_3": replace(other, o={"o": (*other.o["o"][:-1], other.o["o"][-1] ^ 1)}),
        "fork_2": replace(fewer, o={**fewer.o, "o_1": fewer.o["o_1"][:-1]}),
        "add_even": replace(never, i={**never.i, "i_b": never.i["i_b"][:-1]}),
    }
    found = components.replay(zoo_program, wrong, tmp_path, ONCE)
    assert {(*case.split("/")[1:],) for case in found} == set(ONCE)
    for name, message in {
        "fifo_3": "fifo_3_o beat 56: got ",
        "fork_2": "fork_2_o_1 beat 47: a beat too many",
        "add_even": "stands still before add_even_o beat 71 of 72, or an input is not taken",
    }.items():
        said = [text for case, text in found.items() if case.startswith(f"{name}/")]
        assert len(said) == len(ONCE) and all(text.startswith(message) for text in said)
