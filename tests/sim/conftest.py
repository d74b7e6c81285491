"""Fixtures of the tests of whole networks."""

from __future__ import annotations

import pytest
from simcases import Case, make_case


@pytest.fixture(scope="module")
def case(request, tmp_path_factory) -> Case:
    """The network that the test's parameter names, with 12 images."""
    return make_case(request.param, tmp_path_factory.mktemp("case"), 12)
