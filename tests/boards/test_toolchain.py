"""What the families' tools say: constraints, utilisation, counts."""

import pytest

from boards.toolchain import TOOLCHAINS

ECP5, ICE40 = TOOLCHAINS["ecp5"], TOOLCHAINS["ice40"]
ECP5_LOG = """\
Info: Device utilisation:
Info: 	          TRELLIS_IO:       3/    365     0%
Info: 	              DP16KD:     256/    208   123%
Info: 	        TRELLIS_COMB:   90000/  83640   107%
Info: 	          TRELLIS_FF:     432/  83640     0%
"""
ICE40_LOG = """\
Info:      512 LCs used as LUT4 only
Info:      332 LCs used as LUT4 and DFF
Info:       87 LCs used as DFF only
Info:       20 LCs used as CARRY only
Info: 	         ICESTORM_LC:     954/   5280    18%
Info: 	        ICESTORM_RAM:      32/     30   106%
Info: 	      ICESTORM_SPRAM:       5/      4   125%
"""


def test_overuse_reads_nextpnrs_table():
    assert ECP5.overuse(ECP5_LOG) == ["needs 256 EBR of 208", "needs 90000 LUT4 of 83640"]
    assert ECP5.overuse(ECP5_LOG.replace("256/", "208/").replace("90000/", "83640/")) == []
    assert ICE40.overuse(ICE40_LOG) == ["needs 32 EBR of 30", "needs 5 SPRAM of 4"]


def test_counts():
    table = {"TRELLIS_COMB": 7, "TRELLIS_FF": 5, "DP16KD": 3, "MULT18X18D": 0, "TRELLIS_IO": 9}
    report = {kind: {"used": count} for kind, count in table.items()}
    assert ECP5.count(report, "") == {"lut4": 7, "ff": 5, "ebr": 3, "multipliers": 0}
    report = {"ICESTORM_LC": {"used": 954}, "ICESTORM_RAM": {"used": 32}}
    assert ICE40.count(report, ICE40_LOG) == {
        "lut4": 954, "ff": 332 + 87, "ebr": 32, "spram": 0, "multipliers": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tools", "line", "wanted"),
    [
        (ECP5, 'FREQUENCY PORT "c" 25000000.0 HZ;\n', 'FREQUENCY PORT "c" 33300000 HZ;\n'),
        (ICE40, "set_frequency c 12.0\n", "set_frequency c 33.3\n"),
    ],
)
def test_the_clock_is_constrained(tools, line, wanted):
    assert tools.constrain(f"before\n{line}after\n", 33.3) == f"before\n{wanted}after\n"
    with pytest.raises(AssertionError, match="once"):
        tools.constrain(line + line, 33.3)
