"""Least squares with prices that are never negative."""

from boards.fit import fit


def test_prices_by_name():
    terms = [{"fixed": 1, "bits": n, "unused": 0} for n in (4, 8, 16, 40)]
    assert fit(terms, [5 + 2 * t["bits"] for t in terms]) == {
        "fixed": 5.0, "bits": 2.0, "unused": 0.0,
    }  # fmt: skip


def test_a_price_is_0_where_less_would_fit_better():
    terms = [{"fixed": 1, "bits": n} for n in (1, 2, 3)]
    found = fit(terms, [3, 2, 1])
    assert found["bits"] == 0.0 and 1.5 < found["fixed"] < 2.5
