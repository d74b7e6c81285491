"""Words from an SDRAM: filled, checked, given in the cycles of the model; no rule is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sdram_bench import contents, expected, play, predicted, words_unit

from fq_hw.errors import FoldingError, GraphError
from fq_hw.schedule.sdram import M12L64322A, PassBursts, agenda_of
from rtl_gen.sdram.check import with_check
from rtl_gen.sdram_words import SdramWords
from sim.sdram import Rule

CASES = {  # what differs: clock, chip, words in the last burst, of the check too
    "slow clock": (words_unit(70, 25), 1200, 0.0),
    "whole bursts": (words_unit(32, 100, places=64), 1200, 0.0),
    "check in a burst of its own": (words_unit(48, 80), 1600, 0.6),
    "check in two bursts": (words_unit(31, 133), 1200, 0.0),
    "one word, two slots of three": (
        words_unit(1, 133, turns=("words", "words", "another's")),
        1400,
        0.0,
    ),
    "gear 2, slow": (words_unit(37, 25, gear=2), 1600, 0.0),
    "gear 2, whole bursts": (words_unit(32, 71.25, gear=2, places=64), 1200, 0.0),
    "gear 2, check in a burst of its own": (words_unit(48, 60, gear=2), 2000, 0.6),
    "32 bits": (words_unit(37, 133, M12L64322A, places=64), 2400, 0.5),
}


@pytest.mark.parametrize("case", CASES)
def test_words_come_in_the_cycles_of_the_model(case):
    unit, cycles, stalls = CASES[case]
    found = play(unit, cycles, stalls=stalls)
    assert found.rule is Rule.NONE and found.bad is None
    assert found.filled == len(SdramWords.filling(unit, contents(unit)))
    assert len(found.words) > 2 * unit.depth
    assert found.words == expected(unit, len(found.words))
    assert found.times == predicted(unit, found.pauses)
    assert stalls or found.times[0] == unit.latency()


def test_its_rate_is_that_of_the_record():
    unit = words_unit(70, 25)
    times = predicted(unit, [False] * 20_000)
    assert len(times) / 20_000 == pytest.approx(unit.words_per_cycle, rel=0.01)


UNIT = words_unit(20, 25)
GOOD = SdramWords.filling(UNIT, contents(UNIT))


@pytest.mark.parametrize("at, bit", [(7, 15), (21, 9)])  # of a word, of the check
def test_a_wrong_bit_is_bad_and_the_next_filling_may_be_right(at, bit):
    wrong = [word ^ (n == at) << bit for n, word in enumerate(GOOD)]
    found = play(UNIT, 1000, fill=[*wrong, *GOOD])
    assert found.rule is Rule.NONE and found.bad is not None and found.ready > found.bad
    assert found.words == expected(UNIT, len(found.words)) and found.words


def test_words_of_another_design_are_bad():
    found = play(UNIT, 500, fill=SdramWords.filling(UNIT, contents(UNIT, seed=2)))
    assert found.bad is not None and found.ready is None and not found.words


def test_a_chip_that_does_not_keep_is_bad():
    found = play(UNIT, 500, kept=2)
    assert found.rule is Rule.ADDRESS
    assert found.bad is not None and found.ready is None and not found.words


def test_without_all_words_it_is_neither_ready_nor_bad():
    found = play(UNIT, 500, fill=GOOD[:-1])
    assert found.filled == len(GOOD) - 1
    assert found.bad is None and found.ready is None and not found.words


TRUNK = PassBursts(folds=2, words=10, sums=16, reads=True, writes=True)
SPILLED = words_unit(20, 25, agenda=agenda_of((TRUNK,), 16))


def test_where_a_trunk_will_be_is_filled_and_checked():
    fill = SdramWords.filling(SPILLED, contents(SPILLED))
    bursts = fill[:32], fill[32:48], fill[48:64]
    assert len(fill) == 66 and len({*bursts[1], *bursts[2]}) == 32  # no word twice
    found = play(SPILLED, 1000)
    assert found.rule is Rule.NONE and found.bad is None and found.filled == len(fill)
    assert found.words == expected(SPILLED, len(found.words)) and found.words


@pytest.mark.parametrize("at", [32, 63])
def test_a_place_for_a_trunk_that_does_not_keep_is_bad(at):
    fill = SdramWords.filling(SPILLED, contents(SPILLED))
    wrong = [word ^ (n == at) << 3 for n, word in enumerate(fill)]
    found = play(SPILLED, 1000, fill=wrong)
    assert found.bad is not None and found.ready is None and not found.words
    assert play(SPILLED, 1000, kept=48).bad is not None


def test_an_agenda_is_for_all_words_and_all_slots():
    with pytest.raises(FoldingError, match=r"needs an agenda for all its words \(got \(3, 2\)\)$"):
        replace(SPILLED, depth=33)
    slots = replace(SPILLED.slots, turns=("words", "another's"))
    with pytest.raises(FoldingError, match="needs all slots for its agenda"):
        replace(SPILLED, slots=slots)


def test_the_check_is_that_of_zlib():
    assert with_check([0x3231, 0x3433], 16, 0) == [0x3231, 0x3433, 0xE0A3, 0x9BE3]
    assert with_check([0x34333231], 32, 0) == [0x34333231, 0x9BE3E0A3]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": 0}, r"needs words \(got 0\)"),
        ({"depth": 1023}, r"has room for 1024 words \(got 1025\)"),
        ({"places": 16}, r"places must be a power of two, 32 or more \(got 16\)"),
        ({"places": 48}, r"places must be a power of two, 32 or more \(got 48\)"),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(FoldingError, match=f"^SdramUnit: {message}$"):
        words_unit(**{"depth": 20, "clock_mhz": 25, **fields})


def test_refuses_contents_of_another_shape():
    with pytest.raises(GraphError, match=r"^SdramUnit: needs contents of shape \(20, 16\)"):
        SdramWords(UNIT, contents(UNIT)[:-1])
