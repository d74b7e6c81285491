"""Prices of LUT4 and flip-flops were fitted to what the units still say of themselves."""

import json
from importlib import resources

import pytest

from boards.calibrate import features
from boards.samples import SAMPLES
from fq_hw import schedule
from fq_hw.schedule.resources import CALIBRATION

KNOWN = json.loads(resources.files(schedule).joinpath(CALIBRATION).read_text())


@pytest.fixture(scope="module")
def found():
    return features(SAMPLES)


@pytest.mark.parametrize("kind", sorted({type(unit).__name__ for unit in SAMPLES}))
@pytest.mark.parametrize("family", KNOWN)
def test_the_prices_are_those_of_these_features(found, family, kind):
    """Else: make calibrate, or python -m boards.calibrate FAMILY --only KIND."""
    assert KNOWN[family]["features"][kind] == found[kind]
