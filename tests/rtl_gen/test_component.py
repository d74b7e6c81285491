"""From a unit to its component. What each takes: test_every_component. Networks: tests/sim."""

import numpy as np
import pytest

from fq_hw.errors import GraphError
from rtl_gen.component import FilledComponent, component, component_of
from sim.zoo import ZOO, random_vectors


def test_what_is_filled_is_a_filled_component():
    filled = {type(unit) for unit in ZOO.values() if random_vectors(unit).contents is not None}
    found = {
        kind for kind in map(type, ZOO.values()) if issubclass(component_of(kind), FilledComponent)
    }
    assert filled == found


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
