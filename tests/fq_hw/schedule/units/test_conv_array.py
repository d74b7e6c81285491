"""An array's closed forms. Its cycles and values: tests/rtl_gen/test_every_component.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import Beat
from sim.zoo import ZOO

ARRAYS = {name: unit for name, unit in ZOO.items() if name.startswith("array_")}


@pytest.mark.parametrize("unit", ARRAYS.values(), ids=ARRAYS)
def test_words_are_wanted_in_the_order_of_the_passes(unit):
    words = 0
    for step in unit.passes:
        for first, count in ((True, step.folds), (False, step.folds * (step.weight_groups - 1))):
            cycles = unit.word_cycles(step, first)
            assert cycles == sorted(set(cycles)) and cycles[-1:] <= [unit.group_cycles(step, first)]
            words += count * len(cycles)
    assert words == unit.words


def test_streams_are_as_wide_as_a_pixel_or_a_word():
    levels, sums = ARRAYS["array_identity"], ARRAYS["array_sums_in"]
    assert (levels.i, levels.o) == (Beat(lanes=4, bits=2), Beat(lanes=2, bits=levels.value_bits))
    assert levels.ins["i_parameter"] == Beat(lanes=1, bits=8, late=1)
    assert (sums.i, sums.beats_in) == (Beat(lanes=4, bits=6), 2)  # 5 channels
    assert replace(levels, shape_in=(3, 5, 3)).i.lanes == 3
    whole = ARRAYS["array_strided"]
    assert (whole.i.lanes, whole.beats_in, whole.words_in) == (5, 1, 3)


@pytest.mark.parametrize("unit", ARRAYS.values(), ids=ARRAYS)
def test_memories_are_banks_and_a_trunk_with_one_port(unit):
    memories = unit.parts().memories
    *banks, trunk = memories if unit.outside is None else (*memories, None)
    halves, part = (2 if unit.apart else 1), unit.array.pe * unit.act_bits
    assert len(banks) == unit.array.columns * halves and len(set(banks)) == halves
    assert {one.depth for one in banks} == {unit.array.depth // halves}
    assert {one.part for one in banks} == ({part, 0} if unit.apart else {part})
    assert not any(one.single_port for one in banks)
    if trunk is None:
        return
    assert (trunk.depth, trunk.width) == (unit.trunk_depth, unit.array.pe * unit.trunk_bits)
    assert trunk.single_port


def test_refuses_what_gives_nothing():
    unit = ARRAYS["array_identity"]
    with pytest.raises(FoldingError, match=r"^ArrayUnit: needs passes \(got 0\)$"):
        replace(unit, passes=())
    last = unit.passes[-1]
    said = r"^ArrayUnit: must keep or give what the last pass makes \(got 'square'\)$"
    for keep, give in ((False, False), (True, True)):
        with pytest.raises(FoldingError, match=said):
            replace(unit, passes=(replace(last, keep=keep, give=give),))
    said = r"^ArrayUnit: gives all pixels of some channels first \(got 'square'\)$"
    with pytest.raises(FoldingError, match=said):
        replace(unit, passes=(replace(last, keep=False, give=True),))
