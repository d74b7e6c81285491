"""The cost model against synthesis: whole networks that the fit has not seen, marker synth."""

import pytest
from networks import column_folds, odd_folds, random_graph

from boards.calibrate import calibrate
from boards.measure import Measured, measure
from boards.samples import SAMPLES, contents
from fq_hw.ir import Axis
from fq_hw.passes import lower_graph
from fq_hw.schedule.lower import lower
from fq_hw.schedule.resources import plan_resources, prices, resources
from fq_hw.schedule.units import (
    DepthwiseUnit,
    FifoUnit,
    LineUnit,
    ProductUnit,
    RomUnit,
    WindowUnit,
)
from rtl_gen.component import Target, component
from rtl_gen.top import Accelerator


@pytest.mark.synth
@pytest.mark.parametrize(
    ("name", "folds"),
    [
        ("flat", column_folds),
        pytest.param("flat", odd_folds, marks=pytest.mark.slow),
        pytest.param("gains", column_folds, marks=pytest.mark.slow),
        pytest.param("gains", odd_folds, marks=pytest.mark.slow),
    ],
)
def test_a_network_that_the_fit_has_not_seen(name, folds):
    graph = lower_graph(random_graph(name))
    plan = lower(graph, folds(graph))
    found = measure(Accelerator(plan, "ecp5"), "LFE5U-85F", route=False)
    need = plan_resources(plan)
    assert need.ebr == found.ebr
    assert abs(need.lut - found.lut4) <= 0.1 * found.lut4
    assert abs(need.ff - found.ff) <= 0.1 * found.ff
    assert need.multipliers == found.multipliers == 0


@pytest.mark.synth
@pytest.mark.parametrize("few", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [DepthwiseUnit, LineUnit, ProductUnit])
def test_multipliers_are_exact(kind, few):
    some = [unit for unit in SAMPLES if isinstance(unit, kind)]
    some.sort(key=lambda unit: resources(unit).lut)
    for unit in some[1:9:3] if few else some[::2]:
        part = component(unit, contents(unit), Target(family="ecp5"))
        found = measure(part, "LFE5U-85F", route=False)
        assert found.multipliers == resources(unit).multipliers


@pytest.mark.synth
@pytest.mark.parametrize(
    "unit",
    [
        RomUnit(depth=5000, width=3),  # ten layers side by side in one block
        FifoUnit(lanes=2, bits=9, depth=70),  # in a block though no attribute says so
        FifoUnit(lanes=1, bits=10, depth=100),  # not, though it holds more
        WindowUnit(height=16, width=16, channels=32, lanes=8, in_bits=2, down=Axis.half(3),
                   across=Axis.half(3), repeats=8, columns=4),
    ],
    ids=lambda unit: type(unit).__name__,
)  # fmt: skip
def test_block_rams_are_exact(unit):
    found = measure(
        component(unit, contents(unit), Target(family="ecp5")), "LFE5U-85F", route=False
    )
    assert found.ebr == resources(unit).ebr


def test_samples_have_every_kind_that_has_a_price():
    assert {type(unit).__name__ for unit in SAMPLES} == set(prices("ecp5"))


def test_fits_what_the_prices_themselves_say():
    """Measurements made of prices give predictions equal to the measurements."""
    made = []
    for unit in SAMPLES:
        need = resources(unit)
        made.append(Measured(lut4=need.lut, ff=need.ff, ebr=0, multipliers=0, fmax_mhz=None))
    found = calibrate(SAMPLES, made)
    for unit in SAMPLES:
        price, said = found[type(unit).__name__], resources(unit)
        lut = unit.parts().exact_lut + sum(price["lut"][n] * q for n, q in unit.parts().lut.items())
        assert abs(lut - said.lut) <= 2 + 0.02 * said.lut
