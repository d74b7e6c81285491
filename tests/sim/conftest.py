"""Fixtures of the tests of whole networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from simcases import Case, make_case


@pytest.fixture
def case(request, tmp_path) -> Case:
    """The network that the test's parameter names, with 50 images."""
    return make_case(request.param, tmp_path, 50)


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where built simulators are kept, from run to run."""
    return Path(__file__).parents[2] / "build" / "test-programs"
