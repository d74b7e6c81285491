"""SDRAM chips: their times in cycles, and the slots that fit between two refreshes."""

from __future__ import annotations

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
    slow = SDR_16M16.cycles(25)
    assert (slow.rcd, slow.rp, slow.ras, slow.rc, slow.rfc, slow.wr) == (1, 1, 2, 2, 2, 2)
    assert (slow.rrd, slow.mrd, slow.cas, slow.turn) == (2, 2, 3, 1)


def test_sizes():
    bits = {chip.name: chip.words * chip.width for chip in CHIPS.values()}
    assert bits == {"16M x 16": 2**28, "32M x 16": 2**29, "2M x 32": 2**26}
    assert M12L64322A.mode == SDR_32M16.mode == 0x30


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
@pytest.mark.parametrize("clock_mhz", [25, 48, 66.5, 80, 100, 125, 133])
@pytest.mark.parametrize("burst", [4, 16, 64, 128])
def test_slots_leave_every_time_between_commands(chip, clock_mhz, burst):
    """What the model of the pins watches, by arithmetic, for every clock and burst."""
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=burst)
    c, last = slots.cycles, slots.first + burst - 1  # of the words that are read or written
    activate, following = 1, 1 + slots.length
    assert slots.first - activate >= c.rcd
    assert slots.close - activate >= c.ras and slots.close - last >= c.wr
    assert following - slots.close >= c.rp and following - activate >= max(c.rc, c.rrd)
    assert slots.close < slots.length + 1 and slots.rest >= max(c.rfc, c.rp, c.mrd)
    assert slots.length + slots.first - last >= c.cas + c.turn
    assert slots.period <= c.refresh
    assert 0.3 < slots.share < 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"burst": 3}, r"slots of SDRAM 16M x 16: burst must be 4 or more and divide a row of 512"),
        ({"burst": 1024}, r"slots of SDRAM 16M x 16: burst must be 4 or more and divide a row of"),
        ({"turns": ()}, "slots of SDRAM 16M x 16: needs a client"),
        ({"clock_mhz": 20}, r"SDRAM 16M x 16: runs at 25\.\.134 MHz \(got 20\)"),
        ({"clock_mhz": 150}, r"SDRAM 16M x 16: runs at 25\.\.134 MHz \(got 150\)"),
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
