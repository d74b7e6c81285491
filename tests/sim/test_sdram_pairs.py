"""The SDRAM's model in gear 2: two words an access, and rules in both halves of a cycle."""

from __future__ import annotations

import pytest
from sdram_bench import Script, driver, small

from rtl_gen.sdram.pins import ALL_BANKS, Command
from sim.sdram import Rule, SdramModel

CHIP, MHZ, GEAR = small(), 71.25, 2
C = CHIP.cycles(MHZ, GEAR)
SHUT = {"command": Command.PRECHARGE, "address": ALL_BANKS}
ROW = {"command": Command.ACTIVATE}


def read(column: int = 0) -> Script:
    """READ, and the cycle of its other word."""
    return [({"command": Command.READ, "address": column}, 1), ({}, 1)]


def write(*words: int, column: int = 0) -> Script:
    first, second = ({"dq_o": word, "dq_oe": 1} for word in words)
    return [({"command": Command.WRITE, "address": column, **first}, 1), (second, 1)]


def up(mode: int = CHIP.mode(GEAR)) -> Script:
    again = ({"command": Command.REFRESH}, C.rfc)
    load = ({"command": Command.LOAD_MODE, "address": mode}, C.mrd)
    return [({}, C.power_up), (SHUT, C.rp), *[again] * 8, load]


OPEN = [*up(), (ROW, C.rcd)]
LONG = [*up(), (ROW, C.rc)]  # so long that the row may be shut
APART = C.cas + C.turn  # from the cycle of a word's READ to one in which a word is written


@pytest.fixture(scope="module")
def drive():
    return driver(SdramModel(CHIP, MHZ, CHIP.words // 2, gear=GEAR))


BROKEN = {  # what keeps every rule, and the same with a rule broken, in one half or the other
    "one word an access": (Rule.START, [*up(), (ROW, 9)], [*up(CHIP.mode()), (ROW, 9)]),
    "read too early": (
        Rule.RCD, [*OPEN, *read()], [*up(), (ROW, C.rcd - 1), *read()],
    ),
    "shut too soon behind the second word": (
        Rule.WR,
        [*LONG, *write(1, 2), ({}, C.wr - 1), (SHUT, 9)],
        [*LONG, *write(1, 2), ({}, C.wr - 2), (SHUT, 9)],
    ),
    "row again too soon behind a write that shuts": (
        Rule.RP,
        [*LONG, *write(1, 2, column=ALL_BANKS), ({}, C.wr + C.rp - 1), (ROW, 9)],
        [*LONG, *write(1, 2, column=ALL_BANKS), ({}, C.wr + C.rp - 2), (ROW, 9)],
    ),
    "row again too soon behind a read that shuts": (
        Rule.RP,
        [*LONG, *read(ALL_BANKS), ({}, C.rp), (ROW, 9)],
        [*LONG, *read(ALL_BANKS), ({}, C.rp - 1), (ROW, 9)],
    ),
    "driven too soon behind the second word": (
        Rule.CONTENTION,
        [*OPEN, *read(), ({}, APART - 1), *write(1, 2)],
        [*OPEN, *read(), ({}, APART - 2), *write(1, 2)],
    ),
    "first word not driven": (
        Rule.UNDRIVEN,
        [*OPEN, *write(1, 2)],
        [*OPEN, ({"command": Command.WRITE}, 1), *write(1, 2)[1:]],
    ),
    "second word not driven": (
        Rule.UNDRIVEN, [*OPEN, *write(1, 2)], [*OPEN, *write(1, 2)[:1], ({}, 1)],
    ),
    "first word hidden": (
        Rule.MASKED, [*OPEN, *read()], [*OPEN, *read()[:1], ({"dqm": 1}, 9)],
    ),
    "second word hidden": (
        Rule.MASKED,
        [*OPEN, *read(), ({}, 1), ({"dqm": 1}, 9)],
        [*OPEN, *read(), ({"dqm": 1}, 9)],
    ),
    "second word cut off by a read": (
        Rule.CUT, [*OPEN, *read(), *read(2)], [*OPEN, *read()[:1], *read(2)],
    ),
    "second word cut off by a write": (
        Rule.CUT, [*OPEN, *write(1, 2), *write(3, 4)], [*OPEN, *write(1, 2)[:1], *write(3, 4)],
    ),
    "second word cut off by a row that is shut": (
        Rule.CUT, [*LONG, *read(), (SHUT, 9)], [*LONG, *read()[:1], (SHUT, 9)],
    ),
    "second word too far": (
        Rule.ADDRESS, [*OPEN, *read(2)], [*up(), ({**ROW, "address": 7}, C.rcd), *read(2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_driver_that_breaks_a_rule_is_named(case, drive):
    rule, good, bad = BROKEN[case]
    assert drive(good)[0] is Rule.NONE
    assert drive(bad)[0] is rule


def test_words_come_in_pairs_the_even_column_first(drive):
    script = [*OPEN, *write(0x1234, 0x5678, column=4), *write(0x9ABC, 0xDEF0, column=6), ({}, 9)]
    script[-2] = ({**script[-2][0], "dqm": 1}, 1)  # the last word is hidden, and not kept
    at = sum(cycles for _, cycles in script)
    rule, seen = drive([*script, *read(4), *read(6)])
    assert rule is Rule.NONE and seen[at + C.cas :][:3] == [0x1234, 0x5678, 0x9ABC]
    assert seen[at + C.cas + 3] != 0xDEF0 and seen[at + C.cas - 1] != 0x1234
