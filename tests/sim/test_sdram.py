"""The SDRAM's model: a good driver keeps each rule, and one that is a cycle early breaks it."""

from __future__ import annotations

import pytest
from sdram_bench import driver, small

from rtl_gen.sdram.pins import ALL_BANKS, Command
from sim.sdram import Rule, SdramModel

CHIP, MHZ = small(), 133
C = CHIP.cycles(MHZ)
ACTIVATE, READ, WRITE = Command.ACTIVATE, Command.READ, Command.WRITE
PRECHARGE, REFRESH, LOAD, STOP = (
    Command.PRECHARGE, Command.REFRESH, Command.LOAD_MODE, Command.STOP,
)  # fmt: skip


def row(bank: int = 0, number: int = 0) -> dict[str, int]:
    return {"command": ACTIVATE, "bank": bank, "address": number}


def read(column: int = 0, bank: int = 0) -> dict[str, int]:
    return {"command": READ, "bank": bank, "address": column}


def write(word: int, column: int = 0, bank: int = 0) -> dict[str, int]:
    return {"command": WRITE, "bank": bank, "address": column, "dq_o": word, "dq_oe": 1}


SHUT = {"command": PRECHARGE, "address": ALL_BANKS}
AGAIN = {"command": REFRESH}


def start(awake: int = C.power_up, refreshes: int = 8, mode: int = CHIP.mode()) -> list:
    """Pairs of what is driven for a cycle, and the cycles until the next."""
    return [
        ({}, awake), (SHUT, C.rp), *[(AGAIN, C.rfc)] * refreshes,
        ({"command": LOAD, "address": mode}, C.mrd),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def drive():
    return driver(SdramModel(CHIP, MHZ, CHIP.words // 2))


UP = start()
OPEN = [*UP, (row(), C.rcd)]
APART = C.cas + C.turn  # from a READ to a WRITE
LAST = C.ras - C.rcd  # so that it may be shut
KEPT = {  # a script that keeps a rule, and how many cycles before its end there is one too few
    Rule.POWER_UP: (start(), 0),
    Rule.RCD: ([*OPEN, (read(), 9)], len(OPEN) - 1),
    Rule.RAS: ([*UP, (row(), C.ras), (SHUT, 9)], len(UP)),
    Rule.RP: ([*UP, (row(), C.ras + 2), (SHUT, C.rp), (row(), 9)], len(UP) + 1),
    Rule.RRD: ([*UP, (row(0), C.rrd), (row(1), 9)], len(UP)),
    Rule.RFC: ([*UP, (AGAIN, C.rfc), (row(), 9)], len(UP)),
    Rule.WR: ([*OPEN, ({}, LAST), (write(1), C.wr), (SHUT, 9)], len(OPEN) + 1),
    Rule.MRD: ([*UP, (row(), 9)], len(UP) - 1),
    Rule.CONTENTION: ([*OPEN, (read(), APART), (write(1), 9)], len(OPEN)),
}


@pytest.mark.parametrize("rule", KEPT, ids=lambda rule: rule.name)
def test_a_cycle_too_few(rule, drive):
    script, at = KEPT[rule]
    assert drive(script)[0] is Rule.NONE
    pins, cycles = script[at]
    assert drive([*script[:at], (pins, cycles - 1), *script[at + 1 :]])[0] is rule


BROKEN = {
    "no refresh at the start": (Rule.START, [*start(refreshes=7), (row(), 9)]),
    "another latency": (Rule.START, [*start(mode=0x20), (row(), 9)]),
    "bursts": (Rule.START, [*start(mode=CHIP.mode(2)), (row(), 9)]),
    "read of no row": (Rule.CLOSED, [*UP, (read(), 9)]),
    "write in another bank": (Rule.CLOSED, [*OPEN, (write(1, bank=1), 9)]),
    "read after it was shut": (Rule.CLOSED, [*OPEN, ({}, LAST), (SHUT, C.rp), (read(), 9)]),
    "shut by a read": (
        Rule.CLOSED, [*OPEN, ({}, LAST), (read(ALL_BANKS), 9), (read(), 9)],
    ),
    "shut by a read, too early": (
        Rule.RP, [*OPEN, ({}, C.rc), (read(ALL_BANKS), C.rp), (row(), 9)],
    ),
    "shut by a write, too early": (
        Rule.RP, [*OPEN, ({}, C.rc), (write(1, ALL_BANKS), C.wr + C.rp - 1), (row(), 9)],
    ),
    "row over a row": (Rule.OPEN, [*OPEN, ({}, C.rc), (row(number=1), 9)]),
    "refresh over a row": (Rule.OPEN, [*OPEN, ({}, C.rc), (AGAIN, 9)]),
    "never refreshed": (Rule.LATE, [*UP, ({}, 2 * C.refresh + 1)]),
    "nobody drives": (Rule.UNDRIVEN, [*OPEN, ({**write(1), "dq_oe": 0}, 9)]),
    "hidden": (Rule.MASKED, [*OPEN, (read(), C.cas - 2), ({"dqm": 1}, 9)]),
    "stop": (Rule.COMMAND, [*OPEN, ({"command": STOP}, 9)]),
    "too far": (Rule.ADDRESS, [*UP, (row(number=7), C.rcd), (read(), 9)]),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_driver_is_named(case, drive):
    rule, script = BROKEN[case]
    assert drive(script)[0] is rule


def test_a_row_that_is_opened_again_too_soon(drive):
    """tRC is longer than tRAS and tRP together."""
    script = [*UP, (row(), C.ras), (SHUT, C.rp), (row(), 9)]
    assert C.ras + C.rp < C.rc and drive(script)[0] is Rule.RC


def test_refreshes_may_come_unevenly_but_not_too_few(drive):
    late = [({}, C.refresh), (AGAIN, C.refresh - 1), (AGAIN, C.rfc)]
    assert drive([*UP, *late, *late])[0] is Rule.NONE
    few = [({}, C.refresh * 3 // 2), (AGAIN, C.rfc)]
    assert drive([*UP, *few])[0] is Rule.NONE
    assert drive([*UP, *few * 3])[0] is Rule.LATE


def test_words_are_kept_and_masked(drive):
    script = [*OPEN, (write(0x1234, 5), 1), (write(0x5678, 6), 1), ({**write(9, 5), "dqm": 1}, 9)]
    script += [(read(5), 1), (read(6), 1)]
    at = sum(cycles for _, cycles in script) - 2
    rule, seen = drive(script)
    assert rule is Rule.NONE and seen[at + C.cas :][:2] == [0x1234, 0x5678]
    assert seen[at + C.cas - 1] != 0x1234 and seen[at + C.cas + 2] != 0x5678
