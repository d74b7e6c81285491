"""Parameters in a board's SDRAM: in the folding and its file; refused where nobody has one."""

import json
from dataclasses import replace

import pytest
from networks import random_graph

import boards
from fq_hw.errors import ArtifactError, CapacityError, FoldingError, GraphError, ParameterError
from fq_hw.flow import Arrays, Design, FoldGoal, Model, fold_file
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.stage import Supply
from fq_hw.schedule.lower import lower
from fq_hw.schedule.memories import taken
from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, slots_of
from fq_hw.schedule.units import FoldBufferUnit, SdramUnit

GOAL = FoldGoal(
    board="ulx3s-25f", arrays=Arrays(sequential=True, size="4x2x4"), sdram=True, mhz=75.0
)


@pytest.fixture(scope="module")
def design():
    return Design.of_goal(Model(graph=lower_graph(random_graph("basic"))), GOAL)


def test_the_array_reads_the_boards_sdram(design):
    slots = design.folding.slots
    assert (slots.chip, slots.clock_mhz) == (boards.find("ulx3s-25f").sdram, 75.0)
    (stage,) = design.folding.arrays
    assert stage.supply is Supply.STREAM
    units = [node.unit for node in design.plan.nodes]
    (memory,) = (unit for unit in units if isinstance(unit, SdramUnit))
    assert memory.slots == slots and any(isinstance(unit, FoldBufferUnit) for unit in units)
    (row,) = (row for row in design.layers if row["layer"] == "tail.conv")
    assert (row["weights"], row["hold"]) == ("outside", None)


@pytest.mark.parametrize("gear", [1, 2])
def test_its_file_says_all_of_it(gear, design, tmp_path):
    if gear == 2:
        goal = replace(GOAL, mhz=62.5)
        design = Design.of_goal(design.model, goal)
    path = tmp_path / "fold.json"
    design.save_folding(path)
    graph = design.model.graph
    again = fold_file.load(path, graph)
    assert again.slots.gear == gear
    assert again == design.folding
    made = lower(graph, again.folds, again.cycles, **again.more)
    assert [node.unit for node in made.nodes] == [node.unit for node in design.plan.nodes]


def test_a_file_that_says_no_gear_means_gear_1(design, tmp_path):
    path = tmp_path / "fold.json"
    design.save_folding(path)
    plain = json.loads(path.read_text())
    del plain["sdram"]["gear"]
    path.write_text(json.dumps(plain))
    assert fold_file.load(path, design.model.graph) == design.folding


@pytest.mark.parametrize(
    ("mhz", "asked", "found"),
    [
        (62.5, None, 2),
        (62.5, 1, 1),
        (62.5, 2, 2),
        (71.25, None, 2),
        (75.0, None, 1),
        (133, None, 1),
    ],
)
def test_the_gear_is_the_higher_where_the_chip_is_fast_enough(mhz, asked, found):
    assert slots_of(SDR_16M16, mhz, 128, asked).gear == found
    assert slots_of(M12L64322A, mhz, 128).gear == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"chip": "1G x 99"}, r"sdram.* \(got '1G x 99'\)"),
        ({"burst": 7}, "burst must be 4 or more"),
        ({"gear": 2}, r"runs at 25\.\.71\.429 MHz in gear 2"),
        ({"gear": 3}, "gear must be 1 or 2"),
        ({"clock_mhz": 1e9}, "MHz"),
    ],
)
def test_an_sdram_that_is_none_is_refused(change, said, design, tmp_path):
    path = tmp_path / "fold.json"
    design.save_folding(path)
    plain = json.loads(path.read_text())
    plain["sdram"] |= change
    path.write_text(json.dumps(plain))
    with pytest.raises(ArtifactError, match=f"that `fq-hw fold` wrote .*{said}"):
        fold_file.load(path, design.model.graph)


def test_the_trunk_lies_there_too_where_it_is_asked_for(design, tmp_path):
    spilled = Design.of_goal(design.model, replace(GOAL, sdram_trunk=True))
    (stage,) = spilled.folding.arrays
    assert (stage.supply, stage.trunk) == (Supply.STREAM, Supply.STREAM)
    memory, array = spilled.plan.sdram, spilled.plan[stage.until].unit
    assert memory.agenda.slots > design.plan.sdram.blocks
    kept, given = (
        taken(made[stage.until].unit.parts().memories) for made in (design.plan, spilled.plan)
    )
    assert given < kept and array.outside.width >= array.array.pe * array.trunk_bits
    path = tmp_path / "fold.json"
    spilled.save_folding(path)
    assert fold_file.load(path, design.model.graph) == spilled.folding
    assert spilled.interval >= array.beats > design.plan[stage.until].unit.beats


def test_a_trunk_outside_has_its_contracts(design, tmp_path):
    graph = design.model.graph
    with pytest.raises(ParameterError, match="^--sdram-trunk: puts the trunk beside the param"):
        replace(GOAL, sdram=False, sdram_trunk=True).find(graph)
    with pytest.raises(ParameterError, match="^--sdram-trunk: says where a given array's trunk"):
        replace(GOAL, arrays=Arrays(), partition=True, sdram_trunk=True).find(graph)
    sums, levels = ("stages.0.0", "tail.conv"), ("stages.0.0.acts.0", "stages.1.0")
    for stretch, said in (
        (sums, "takes sums, and must take levels"),
        (levels, "keeps 'stages.1.0'"),
    ):
        arrays = Arrays(in_turn=(stretch,), size="4x2x4")
        with pytest.raises(FoldingError, match=f"^array behind '{stretch[0]}': {said}"):
            replace(GOAL, arrays=arrays, sdram_trunk=True).find(graph)
    path = tmp_path / "fold.json"
    design.save_folding(path)
    plain = json.loads(path.read_text())
    plain["arrays"][0] |= {"supply": "chip", "trunk": "stream"}
    path.write_text(json.dumps(plain))
    with pytest.raises(ArtifactError, match='has its trunk outside.*; say "supply": "stream", too'):
        fold_file.load(path, graph)
    plain["arrays"][0] |= {"supply": "stream"}
    plain["sdram"]["burst"] = 512
    path.write_text(json.dumps(plain))
    other = fold_file.load(path, graph)
    with pytest.raises(FoldingError, match="must fill whole bursts of 512 words .*shorter bursts"):
        lower(graph, other.folds, other.cycles, **other.more)
    del plain["sdram"]
    path.write_text(json.dumps(plain))
    other = fold_file.load(path, graph)
    with pytest.raises(GraphError, match="needs an SDRAM for the trunk of its array"):
        lower(graph, other.folds, other.cycles, **other.more)


def test_what_has_no_use_for_it_or_none_is_refused(design):
    graph = design.model.graph
    with pytest.raises(CapacityError, match="^--sdram: orangecrab-25f has none; leave --sdram out"):
        replace(GOAL, board="orangecrab-25f").find(graph)
    with pytest.raises(ParameterError, match="^--sdram: has the parameters of an array; add "):
        replace(GOAL, arrays=Arrays()).find(graph)
    with pytest.raises(ParameterError, match="^--gear: says how an SDRAM runs"):
        replace(GOAL, sdram=False, gear=1).find(graph)
    with pytest.raises(ParameterError, match=r"in gear 2 \(got 75.0\)$"):
        replace(GOAL, gear=2).find(graph)
    with pytest.raises(ParameterError, match=r"^--mhz: an SDRAM is timed for .* take 71\.25$"):
        replace(GOAL, mhz=71.4).find(graph)
    with pytest.raises(ParameterError, match="^Verilog of 'basic': has parameters in an SDRAM"):
        design.verilog()
