"""Fixtures of the tests of whole networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from simcases import Case, make_case


@pytest.fixture(scope="module")
def case(request, tmp_path_factory) -> Case:
    """The network that the test's parameter names, with 20 images."""
    return make_case(request.param, tmp_path_factory.mktemp("case"), 20)


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where built simulators are kept, from run to run."""
    return Path(__file__).parents[2] / "build" / "test-programs"
