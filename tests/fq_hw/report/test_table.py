"""Tables: what nobody measured is a dash, never a 0."""

from fq_hw.report.table import table


def test_none_is_a_dash_and_zero_is_zero():
    text = table(("figure", "golden", "rtl-sim"), [("levels", None, 0), ("frames/s", 1234.5, None)])
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["levels", "-", "0"],
        ["frames/s", "1,234.50", "-"],
    ]
