"""The fastest partition: none that was left out is faster, and what it says of limits is so."""

from contextlib import suppress
from dataclasses import replace

import pytest
from networks import NETWORKS, random_checkpoint

from fq_hw import ir
from fq_hw.errors import CapacityError, FqHwError
from fq_hw.export import export
from fq_hw.layers import Embedding
from fq_hw.network import Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule.choices import Choices
from fq_hw.schedule.fold_search import fastest, shortage
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import fitted, passes
from fq_hw.schedule.in_turn.stage import Supply, places
from fq_hw.schedule.lower import lower
from fq_hw.schedule.partition_search import ARRAYS, Found, Search, cuts, fastest_partition
from fq_hw.schedule.resources import Resources, plan_resources, resources
from fq_hw.schedule.sdram import SDR_16M16, Slots

SMALL = replace(
    NETWORKS["basic"],
    name="small",
    image=(8, 8, 1),
    embedding=Embedding(length=2),
    stem=(StemConv(width=4, norm=False),),
    stages=(Stage(width=4, blocks=1, stride=1), Stage(width=8, blocks=1, stride=2)),
)
SIZES = (Array(columns=2, pe=2, simd=8), Array(columns=4, pe=4, simd=8))
LIMITS = {
    "all stream": Resources(lut=4_000, ff=9_000, ebr=60),
    "cut": Resources(lut=2_500, ff=9_000, ebr=60),
    "few flip-flops": Resources(lut=2_500, ff=1_500, ebr=60),
    "one array": Resources(lut=1_400, ff=9_000, ebr=60),
}


@pytest.fixture(scope="module")
def graph():
    exported = export(random_checkpoint(SMALL, 1))
    return lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))


def every(graph, limits):
    """The fastest of each cut and size, nothing left out."""
    firsts, lasts = places(graph)
    stages = [()]
    for after in firsts:
        for size in SIZES:
            with suppress(FqHwError):
                stages.append((fitted(graph, after, lasts[-1], replace(size, levels_per_stage=1)),))
    for arrays in stages:
        with suppress(CapacityError):
            found = fastest(graph, limits, arrays=arrays)
            yield found.cycles, bool(arrays)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("all stream", "one array")]


@pytest.mark.parametrize("name", ["cut", "few flip-flops", *SLOW])
def test_no_cut_and_no_size_is_faster(name, graph):
    limits = LIMITS[name]
    found = fastest_partition(graph, limits, SIZES)
    folding = found.folding
    assert folding.cycles == min(every(graph, limits))[0]
    plan = lower(graph, folding.folds, folding.cycles, arrays=folding.arrays)
    assert plan.interval_bound <= folding.cycles
    assert found.costs == plan_resources(plan) and found.costs.within(limits)
    assert bool(folding.arrays) == (name != "all stream")


def test_what_binds_is_what_one_step_faster_needs(graph):
    limits = LIMITS["cut"]
    found = fastest_partition(graph, limits, SIZES)
    short = found.binds
    assert short.cycles < found.folding.cycles and short.have == limits.lut < short.need
    enough = fastest_partition(graph, replace(limits, lut=short.need), SIZES)
    assert enough.folding.cycles == short.cycles and enough.costs.lut == short.need


def test_what_fits_nowhere_is_said_with_what_is_missing(graph):
    with pytest.raises(
        CapacityError,
        match=r"^folding of .small.: .* cycles per frame need at least .* LUT4 .* than the 500 ",
    ):
        fastest_partition(graph, Resources(lut=500, ff=9_000, ebr=60), SIZES)


def test_no_array_is_folded_behind_what_leaves_no_room_for_it(graph, monkeypatch):
    cut = [*cuts(graph)][1]
    plenty = Search(graph, Resources(lut=9_000, ff=9_000, ebr=60), resources, 1, None)
    plenty.cut(cut, SIZES[0])
    made = passes(graph, fitted(graph, cut.after, plenty.until, SIZES[1]))
    own = resources(made.unit) + resources(made.parameters)
    ahead = plenty.ahead[cut.after].prices[0]
    short = Search(graph, replace(plenty.limits, lut=own.lut + ahead - 1), resources, 1, None)
    short.ahead = plenty.ahead
    monkeypatch.setattr(short, "attempt", lambda *way: pytest.fail("was folded"))
    short.cut(cut, SIZES[1])
    (tried,) = short.tried
    assert own.within(short.limits) and tried.share > 1


def test_an_array_is_tried_with_its_parameters_and_its_trunk_here_and_outside(graph, monkeypatch):
    slots = Slots(chip=SDR_16M16, clock_mhz=100, burst=16)
    search = Search(graph, Resources(lut=9_000, ff=9_000, ebr=60), resources, 1, slots)
    tried = []
    monkeypatch.setattr(search, "attempt", lambda way, cut: tried.append(way))
    cut = [*cuts(graph)][2]
    search.cut(cut, SIZES[0])
    here, outside = Supply.CHIP, Supply.STREAM
    ways = [(here, here, None), (outside, here, slots), (outside, outside, slots)]
    assert [(way[0][0].supply, way[0][0].trunk, way[1]) for way in tried] == ways
    tried.clear()
    search.slots = replace(slots, burst=512)  # which its sums do not fill
    search.cut(cut, SIZES[0])
    assert [way[0][0].trunk for way in tried] == [here, here]


@pytest.mark.parametrize(
    "supply, where", [(Supply.CHIP, "on the chip"), (Supply.STREAM, "outside")]
)
def test_what_an_array_lacks_is_told_of_its_levels_and_its_trunk(graph, supply, where):
    firsts, lasts = places(graph)
    stage = replace(fitted(graph, firsts[2], lasts[-1], SIZES[0]), supply=supply)
    choices = Choices(graph, resources, 1, (stage,))
    found = shortage(choices, choices.intervals[-1], Resources(lut=9_000, ff=9_000, ebr=0))
    told = dict(found.takers)
    array = told["levels of the array"], told["trunk of the array"]
    assert min(array) > 0 and sum(array) == resources(passes(graph, stage).unit).ebr
    assert found.kind == "ebr" and sum(told.values()) == found.need
    end = f", with an array of 2x2x8 behind {firsts[2]}, its weights {where}"
    assert str(found).endswith(end)


@pytest.mark.parametrize("trunk, expected", [(Supply.CHIP, 100), (Supply.STREAM, 108)])
def test_a_trunk_outside_is_expected_to_be_waited_for(graph, trunk, expected):
    firsts, lasts = places(graph)
    stage = fitted(graph, firsts[2], lasts[-1], SIZES[0])
    stage = replace(stage, supply=Supply.STREAM, trunk=trunk)
    folding = Folding(folds={}, cycles=100, arrays=(stage,))
    assert Found(folding=folding, costs=Resources()).expected == pytest.approx(expected)


def test_sizes_are_those_of_small_and_large_devices():
    macs = [array.columns * array.pe * array.simd for array in ARRAYS]
    assert min(macs) == 256 and max(macs) == 8192 and len(set(ARRAYS)) == len(ARRAYS)
