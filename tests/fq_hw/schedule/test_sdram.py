"""SDRAM chips: their times in cycles, and the slots that fit between two refreshes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from fq_hw.errors import CapacityError, ParameterError
from fq_hw.schedule.sdram import CHIPS, M12L64322A, SDR_16M16, SDR_32M16, Slots


def test_times_are_rounded_to_the_safe_side():
    """By hand: 7.5 ns a cycle, but for a hundredth."""
    c = SDR_16M16.cycles(133)
    assert (c.rcd, c.rp, c.ras, c.rc, c.rfc, c.wr) == (3, 3, 6, 10, 10, 3)
    assert (c.rrd, c.mrd, c.cas, c.turn) == (2, 2, 3, 2)
    assert (c.refresh, c.power_up) == (1039, 26_600)
    assert SDR_16M16.cycles(66.5, gear=2) == c
    slow = SDR_16M16.cycles(25)
    assert (slow.rcd, slow.rp, slow.ras, slow.rc, slow.rfc, slow.wr) == (1, 1, 2, 2, 2, 2)
    assert (slow.rrd, slow.mrd, slow.cas, slow.turn) == (2, 2, 3, 1)


def test_sizes():
    bits = {chip.name: chip.words * chip.width for chip in CHIPS.values()}
    assert bits == {"16M x 16": 2**28, "32M x 16": 2**29, "2M x 32": 2**26}
    assert M12L64322A.mode() == SDR_32M16.mode() == 0x30 and SDR_32M16.mode(2) == 0x31
    doubled = Slots(chip=SDR_32M16, clock_mhz=50, burst=8, gear=2)
    assert (doubled.width, doubled.words) == (32, 2**24)


WAYS = [
    *itertools.product(CHIPS.values(), [1], [25, 48, 66.5, 80, 100, 125, 133]),
    *itertools.product([SDR_16M16, SDR_32M16], [2], [25, 48, 62.5, 71.25]),
]


@pytest.mark.parametrize(("chip", "gear", "clock_mhz"), WAYS, ids=str)
@pytest.mark.parametrize("burst", [4, 16, 64, 128])
def test_slots_leave_every_time_between_commands(chip, gear, clock_mhz, burst):
    """What the model of the pins watches, by arithmetic, for every clock and burst."""
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=burst, gear=gear)
    c = slots.cycles
    activate, following = gear, gear * (1 + slots.length)
    first, close = gear * slots.first, gear * slots.close
    last = gear * (slots.first + burst) - 1  # the chip's last word that is read or written
    assert first - activate >= c.rcd
    assert close - activate >= c.ras and close - last >= c.wr
    assert following - close >= c.rp and following - activate >= max(c.rc, c.rrd)
    assert slots.close < slots.length + 1 and gear * slots.rest >= max(c.rfc, c.rp, c.mrd)
    assert gear * slots.length + first - last >= c.cas + c.turn
    assert gear * slots.period <= c.refresh
    assert 0.3 < slots.share < 1


def test_two_words_a_cycle_of_the_design():
    """As fast as the chip runs from a PLL on 25 MHz: bits a cycle."""
    once = Slots(chip=SDR_16M16, clock_mhz=71.25, burst=256)
    twice = Slots(chip=SDR_16M16, clock_mhz=71.25, burst=256, gear=2)
    assert once.share * once.width == pytest.approx(15.54, abs=0.01)
    assert twice.share * twice.width == pytest.approx(31.09, abs=0.01)
    assert (once.reply, twice.reply) == (7, 8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"burst": 3}, r"slots of SDRAM 16M x 16: burst must be 4 or more and divide a row of 512"),
        ({"burst": 1024}, r"slots of SDRAM 16M x 16: burst must be 4 or more and divide a row of"),
        ({"turns": ()}, "slots of SDRAM 16M x 16: needs a client"),
        ({"clock_mhz": 20}, r"SDRAM 16M x 16: runs at 25\.\.134 MHz \(got 20\)"),
        ({"clock_mhz": 150}, r"SDRAM 16M x 16: runs at 25\.\.134 MHz \(got 150\)"),
        ({"gear": 2}, r"SDRAM 16M x 16: runs at 25\.\.71\.429 MHz in gear 2 \(got 100\)"),
        ({"gear": 3}, r"slots of SDRAM 16M x 16: gear must be 1 or 2 \(got 3\)"),
        ({"gear": 2, "burst": 512}, "slots of SDRAM 16M x 16: burst .* divide a row of 256"),
        (
            {"gear": 2, "chip": M12L64322A},
            "slots of SDRAM 2M x 32: gear 2 is for chips of 16 bits and CAS latency 3 .*32, 3",
        ),
        (
            {"gear": 2, "chip": replace(SDR_16M16, cas=2)},
            "slots of SDRAM 16M x 16: gear 2 is for chips of 16 bits and CAS latency 3 .*16, 2",
        ),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(ParameterError, match=f"^{message}"):
        Slots(**{"chip": SDR_16M16, "clock_mhz": 100, "burst": 64, **fields})


def test_refuses_a_burst_longer_than_the_time_between_refreshes():
    said = r"a slot of 256 words takes 2\d\d cycles; 193 are between two refreshes; take shorter"
    with pytest.raises(CapacityError, match=said):
        Slots(chip=SDR_16M16, clock_mhz=25, burst=256)


@pytest.mark.parametrize("fields", [{"width": 8}, {"cas": 1}, {"column_bits": 11}, {"row_bits": 0}])
def test_refuses_chips_that_there_are_not(fields):
    with pytest.raises(ParameterError, match="^SDRAM 16M x 16: "):
        replace(SDR_16M16, **fields)
