"""From a unit to its component. What each takes: test_every_component. Networks: tests/sim."""

import numpy as np
import pytest

from fq_hw.errors import GraphError
from rtl_gen.component import component


class NewUnit:
    """A kind that hardware knows nothing of."""


class NewRecord:
    """A kind whose record has no component of the same name yet."""

    __module__ = "fq_hw.schedule.units.new_record"


@pytest.mark.parametrize("filled", [None, np.ones(3)])
@pytest.mark.parametrize("kind", [NewUnit, NewRecord])
def test_a_kind_without_a_component_is_named(kind, filled):
    with pytest.raises(GraphError, match=rf"^{kind.__name__}: has no component; derive one from "):
        component(kind(), filled)
