"""A network whose array's parameters come from an SDRAM, with the chip at its pins in Verilator."""

from __future__ import annotations

import dataclasses

import pytest
from networks import whole_stage
from simcases import Case, make_case

from fq_hw.errors import SimulationError
from fq_hw.schedule import timing
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import Supply
from fq_hw.schedule.lower import lower
from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, SdramChip, Slots
from fq_hw.schedule.units import SdramUnit
from sim import network, taps

pytestmark = pytest.mark.verilator

ARRAY = Array(columns=2, pe=2, simd=4, depth=64)


ONCE, TWICE, WIDE = (SDR_16M16, 1, 100), (SDR_16M16, 2, 71.25), (M12L64322A, 1, 100)
SPILLED, SPILLED_WIDE = (*TWICE, Supply.STREAM), (*WIDE, Supply.STREAM)  # the trunk, too


def case_of(
    folder, chip: SdramChip, gear: int, clock_mhz: float, trunk: Supply = Supply.CHIP
) -> Case:
    case = make_case("tiny", folder, 3, array=ARRAY)
    chip = dataclasses.replace(chip, row_bits=7, power_up_ns=2000)
    burst = 32 if trunk is Supply.CHIP else 16
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=burst, gear=gear)
    whole = whole_stage(case.graph, ARRAY)
    stage = dataclasses.replace(whole, supply=Supply.STREAM, trunk=trunk)
    plan = lower(case.graph, {}, arrays=[stage], slots=slots)
    return dataclasses.replace(case, plan=plan, interval=timing.simulate(plan).interval)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [ONCE, TWICE, WIDE, SPILLED], ids=str)
def test_many_words_are_in_the_chip_from_the_start(memory, tmp_path, programs, monkeypatch):
    monkeypatch.setattr(network, "MANY_WORDS", 10)
    case = case_of(tmp_path, *memory)
    run = case.run(network.build(case.plan, programs, brief=True))
    case.assert_equal(run)
    assert run.results == timing.simulate(case.plan, len(case.images)).results


@pytest.mark.parametrize(
    "memory",
    [
        ONCE,
        TWICE,
        SPILLED,
        pytest.param(WIDE, marks=pytest.mark.slow),
        pytest.param(SPILLED_WIDE, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_scores_streams_cycles_and_other_words(memory, tmp_path, programs):
    case = case_of(tmp_path, *memory)
    program, levels = network.build(case.plan, programs, brief=True), tmp_path / "levels.txt"
    free = case.run(program, taps_file=levels)
    case.assert_equal(free)
    wrong = taps.mismatches(levels, case.plan, case.tensors)
    assert set(wrong) >= {"embedding", "tail.conv", "tail.sum"} and not any(wrong.values())
    predicted = timing.simulate(case.plan, len(case.images))
    assert (free.first_pixel, free.results) == (predicted.first_pixel, predicted.results)
    case.assert_equal(case.run(program, pause_in=220, pause_out=220))
    again = case.run(program, reset_at=free.cycles - 300)
    case.assert_equal(again)
    assert again.results == free.results
    (words,) = [node for node in case.plan.nodes if isinstance(node.unit, SdramUnit)]
    contents = words.contents.copy()
    contents[3, 2] ^= 1
    changed = dataclasses.replace(words, fill=lambda: contents)
    nodes = tuple(changed if node is words else node for node in case.plan.nodes)
    other = dataclasses.replace(case, plan=dataclasses.replace(case.plan, nodes=nodes))
    with pytest.raises(SimulationError, match="must find in its SDRAM what was filled into it"):
        other.run(program)
