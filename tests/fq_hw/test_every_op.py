"""An op is not finished until it has a type, a meaning and a unit, and a unit until it is whole."""

import inspect

import pytest

from fq_hw.golden.ops import evaluate
from fq_hw.ir import infer, ops
from fq_hw.ir.graph import KINDS
from fq_hw.schedule import units
from fq_hw.schedule.placing import place

OPS = [getattr(ops, name) for name in ops.__all__ if name != "Op"]
BASES = (ops.Blocks, ops.Join, ops.Op, ops.Pool)
UNITS = [kind for kind in vars(units).values() if inspect.isclass(kind)]
UNITS = [kind for kind in UNITS if issubclass(kind, units.Unit) and kind is not units.Unit]
PARTS = {
    "type rule in fq_hw/ir/types.py": infer,
    "golden function in fq_hw/golden/ops.py": evaluate,
    "placing in fq_hw/schedule/placing": place,
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("op", OPS, ids=lambda op: op.__name__)
def test_op(op, part):
    assert op in PARTS[part].registry, f"{op.__name__} lacks its {part}"


def test_no_op_is_left_out():
    found = {kind for kind in vars(ops).values() if inspect.isclass(kind)}
    found = {kind for kind in found if issubclass(kind, ops.Op) and kind not in BASES}
    assert found == set(OPS) == set(KINDS.values())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.__name__)
def test_unit(unit):
    assert unit.__name__ in units.__all__
    assert not unit.__abstractmethods__, f"{unit.__name__} lacks a part of its record"
