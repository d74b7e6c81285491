"""The search space, its prices, and what may be left out of it."""

import itertools

import pytest
from networks import random_graph

from fq_hw import ir
from fq_hw.ir import Axis
from fq_hw.passes import lower_graph
from fq_hw.schedule.choices import COLUMNS, Choices, Priced, folds_of, holds, undominated
from fq_hw.schedule.conv_parts import ConvSite, conv_parts
from fq_hw.schedule.folding import Fold, conv_cycles
from fq_hw.schedule.memories import blocks, fewest_pieces
from fq_hw.schedule.resources import Resources, resources, wires
from fq_hw.schedule.solver import Choice, Problem, solve
from fq_hw.schedule.units import Rom, ceil_div


def row(lut, ebr, wires=1, group=1, held=1, delay=0, ff=0):
    costs = Resources(lut=lut, ff=ff, ebr=ebr)
    choice = Choice(costs=costs, wires=wires, group=group, held=held, delay=delay)
    return Priced(fold=Fold(pe=1, simd=1), choice=choice, beats=1)


@pytest.fixture(scope="module")
def graph():
    return lower_graph(random_graph("awkward"))


def test_the_space_is_every_divisor_and_few_pe_of_every_fold(graph):
    for conv in (op for op in graph.ops if isinstance(op, ir.Conv)):
        cout, _, _, cin = conv.weight.shape
        width = graph.types[conv.name].shape[1]
        want = {
            (pe, simd, columns)
            for pe, simd, columns in itertools.product(
                range(1, cout + 1), range(1, cin + 1), range(1, COLUMNS + 1)
            )
            if cin % simd == width % columns == 0
            and any(
                pe == lanes or pe % lanes == 0 and ceil_div(cout, pe) < ceil_div(cout, pe - lanes)
                for lanes in (1, 2, 4, 8)
                if pe >= lanes
            )
        }
        folds = folds_of(graph, conv)
        assert {(f.pe, f.simd, f.columns) for f in folds if f.rom is Rom.BY_SIZE} == want
        assert len(set(folds)) == len(folds)


def test_logic_is_a_choice_exactly_where_weights_would_fill_block_ram(graph):
    choices = Choices(graph, resources)
    lowered, _ = choices.base(10_000)
    seen = set()
    for name, site in lowered.sites.items():
        folds = choices.folds[name]
        for fold in (f for f in folds if f.rom is Rom.BY_SIZE and f.hold == 1):
            large = conv_parts(site, fold).weights.in_block_ram
            other = Fold(pe=fold.pe, simd=fold.simd, columns=fold.columns, rom=Rom.LOGIC)
            assert (other in folds) == large
            seen.add(large)
    assert seen == {True, False}


def test_weights_are_held_where_that_takes_fewer_blocks():
    """A word of 512 bits is read from a memory as narrow as the columns that it serves allow."""
    found = {hold: blocks(72 * n, ceil_div(512, n), rom=True)
             for hold in holds(72, 512, 32) for n in [fewest_pieces(72, 512, hold)]}  # fmt: skip
    assert blocks(72, 512, rom=True) == 15 and found == {2: 8, 4: 4, 8: 3}
    assert list(holds(72, 512, 6)) == [2, 3, 6]
    assert list(holds(72, 36, 32)) == []


def test_a_table_prices_every_unit_of_the_convolution(graph):
    choices = Choices(graph, resources)
    lowered, _ = choices.base(3_000)
    for conv in choices.convs:
        site = lowered.sites[conv.name]
        for priced in choices.table(site)[::7]:
            parts = conv_parts(site, priced.fold)
            need = sum(map(resources, parts.units), Resources())
            assert priced.choice.costs == Resources(lut=need.lut, ff=need.ff, ebr=need.ebr)
            assert priced.beats >= conv_cycles(graph, conv, priced.fold) == parts.engine.beats


def test_what_another_beats_is_left_out():
    table = [row(9, 1), row(9, 2), row(8, 2), row(8, 2, wires=3), row(7, 9), row(9, 9)]
    assert list(undominated(table, False, False)) == [table[4], table[2], table[0]]
    assert list(undominated([row(5, 5, wires=4), row(5, 5, wires=2)], False, False)) == [
        row(5, 5, wires=2)
    ]
    table = [row(9, 9, ff=1), row(8, 8, ff=2), row(8, 8, wires=2, ff=1), row(8, 9, ff=2)]
    assert list(undominated(table, False, False)) == [table[1], table[2]]


def test_what_a_fifo_sees_otherwise_stays():
    table = [row(1, 1, group=2, held=9), row(2, 2, held=2), row(3, 3, delay=5), row(4, 4)]
    assert list(undominated(table, True, True)) == table
    assert list(undominated(table, True, False)) == table[:2]
    assert list(undominated(table, False, True)) == table
    assert list(undominated(table, False, False)) == table[:1]
    worse = [row(5, 5, held=2), row(5, 5, delay=1)]
    assert list(undominated([*table, *worse], True, True)) == table


def test_intervals_hold_every_engine_fast_enough_for_all(graph):
    choices = Choices(graph, resources)
    engines = {
        conv.name: {conv_cycles(graph, conv, fold) for fold in choices.folds[conv.name]}
        for conv in choices.convs
    }
    least = max(min(cycles) for cycles in engines.values())
    assert choices.intervals == sorted(set(choices.intervals))
    assert choices.intervals[0] == least
    for cycles in engines.values():
        assert {n for n in cycles if n >= least} <= set(choices.intervals)


def test_more_pe_and_less_simd_where_that_takes_as_many_lut_and_fewer_activations():
    """A layer of CNV, which took 256 bits a cycle more with 128 lanes, and did not route."""
    site = ConvSite(name="l3", shape=(12, 12, 128), cout=128, down=Axis(kernel=3),
                    across=Axis(kernel=3),
                    act_bits=2, lanes_in=4, lanes_out=4)  # fmt: skip
    made = []
    for pe, simd in ((8, 128), (16, 64)):
        parts = conv_parts(site, Fold(pe=pe, simd=simd, columns=2, levels_per_stage=2))
        costs = sum(map(resources, parts.units), Resources())
        made.append(Choice(costs=costs, wires=wires(parts.engine)))
    wide, narrow = made
    assert wide.costs.lut < narrow.costs.lut < 1.05 * wide.costs.lut
    device = Resources(lut=10**6, ff=10**6, ebr=10**6)
    assert solve(Problem(layers=((wide, narrow),)), device) == (1,)
    assert solve(Problem(layers=((wide, narrow),))) == (0,)  # no device, whose wires are scarce
