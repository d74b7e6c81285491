# amaranth: UnusedElaboratable=no
"""From a unit to its component: which take contents. The networks: tests/sim."""

import numpy as np
import pytest

from boards.samples import SAMPLES, contents
from fq_hw.errors import GraphError
from fq_hw.schedule import units
from rtl_gen import kinds  # noqa: F401 - so that each kind of unit has its component
from rtl_gen.component import FilledComponent, UnitComponent, component

KINDS = {type(unit): unit for unit in SAMPLES}
SIGNED = units.PoolUnit(
    pooling=units.Pooling.MAX, height=4, width=4, channels=3, lanes=1, in_bits=2, rows=2,
    columns=2, signed=True,
)  # fmt: skip
UNITS = [*KINDS.values(), SIGNED]
TAKING = [unit for unit in UNITS if contents(unit) is not None]


def name(unit: units.Unit) -> str:
    return type(unit).__name__


def test_the_samples_have_every_kind():
    found = UnitComponent.KINDS
    assert set(KINDS) == set(found)
    filled = {kind for kind, made in found.items() if issubclass(made, FilledComponent)}
    assert {type(unit) for unit in TAKING} == filled


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_each_kind_has_its_component(unit):
    assert type(component(unit, contents(unit))) is UnitComponent.KINDS[type(unit)]


@pytest.mark.parametrize("unit", TAKING, ids=name)
def test_what_takes_contents_needs_them(unit):
    with pytest.raises(GraphError, match=rf"^{name(unit)}: needs contents \(got None\)$"):
        component(unit)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit not in TAKING], ids=name)
def test_what_takes_none_refuses_them(unit):
    """A threshold's levels that were meant for its ROM would vanish without a word."""
    with pytest.raises(GraphError, match=rf"^{name(unit)}: takes no contents \(got an array "):
        component(unit, np.ones((3, 4), np.uint8))


class NewUnit:
    """A kind that hardware knows nothing of."""


@pytest.mark.parametrize("filled", [None, np.ones(3)])
def test_a_kind_without_a_component_is_named(filled):
    with pytest.raises(GraphError, match=r"^NewUnit: has no component; derive one from "):
        component(NewUnit(), filled)
