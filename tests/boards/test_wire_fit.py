"""What a bit costs in wires is found where it is known; what is placed is in the search."""

import pytest

from boards.wire_fit import ITS_SHARE, SITE, layers, prices_of, terms
from fq_hw.schedule.choices import space
from fq_hw.schedule.resources import wires

LENGTHS = (17_903, 17_977, 22_859, 22_581, 17_975, 20_161, 19_353)  # of nextpnr 0.11.1, 2026-11
LUT4 = (2_755, 2_826, 2_455, 2_598, 3_301, 3_222, 2_941)


def rows():
    return [{"lut": lut, **terms(parts)} for lut, (_, parts) in zip(LUT4, layers(), strict=True)]


def test_finds_the_prices_that_made_the_lengths():
    want = {"acts": 5.0, "words": 0.75}
    lengths = [3 * row["lut"] + sum(want[name] * row[name] for name in want) for row in rows()]
    each = 3 + ITS_SHARE
    found = prices_of(rows(), lengths)
    assert found == pytest.approx({name: one / each for name, one in want.items()}, abs=0.001)


def test_the_prices_are_those_of_what_was_placed():
    price = prices_of(rows(), LENGTHS)
    for _, parts in layers():
        want = sum(price[name] * bits for name, bits in terms(parts).items())
        assert wires(parts.engine) + wires(parts.weights) == pytest.approx(want, abs=1)


def test_all_do_as_many_products_and_are_folds_of_the_search():
    folds = space(SITE.cout, SITE.shape[2], 9, SITE.shape[1], 2)
    assert all(fold in folds for fold, _ in layers())
    assert len({parts.engine.macs for _, parts in layers()}) == 1
