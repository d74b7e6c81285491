"""Prices of LUT4 and flip-flops were fitted to what the units still say of themselves."""

import json
from importlib import resources

import pytest

from boards.calibrate import features
from boards.samples import SAMPLES
from fq_hw import schedule
from fq_hw.schedule.resources import CALIBRATION
from sim.zoo import ZOO

KNOWN = json.loads(resources.files(schedule).joinpath(CALIBRATION).read_text())
HASHES = {"FoldBufferUnit": "79804e8cdac1ae47", "LateEmbedUnit": "2efb2586eb2c11c2"}
KINDS = {type(unit) for unit in SAMPLES}
COUNTED = [unit for unit in ZOO.values() if type(unit) not in KINDS]  # by counts, without prices


@pytest.fixture(scope="module")
def found():
    return features(SAMPLES)


@pytest.mark.parametrize("kind", sorted(kind.__name__ for kind in KINDS))
@pytest.mark.parametrize("family", KNOWN)
def test_the_prices_are_those_of_these_features(found, family, kind):
    """Else: make calibrate, or python -m boards.calibrate FAMILY --only KIND."""
    assert KNOWN[family]["features"][kind] == found[kind]


def test_counts_without_prices_are_as_they_were_looked_at():
    """Else: measure such units (boards.measure), then write down what comes out here."""
    assert features(COUNTED) == HASHES
