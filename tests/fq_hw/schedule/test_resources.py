"""The cost model: sense at the edges, speed. Against tools: tests/boards."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fq_hw.errors import ParameterError
from fq_hw.ir import Axis
from fq_hw.schedule.resources import plan_blocks, resources
from fq_hw.schedule.units import ConvUnit, FifoUnit, RomUnit, WindowUnit

ENGINE = ConvUnit(cin=32, cout=32, taps=9, pixels=256, pe=4, simd=16, act_bits=2)
WINDOW = WindowUnit(
    height=16,
    width=16,
    channels=32,
    lanes=16,
    in_bits=2,
    down=Axis.half(3),
    across=Axis.half(3),
    repeats=8,
)


def test_dot_products_are_exact_and_most_of_a_wide_engine():
    wide = replace(ENGINE, pe=8, simd=32)
    dots = 8 * wide.tree.positions
    assert wide.parts().exact_lut == dots
    assert dots < resources(wide).lut < 1.5 * dots


def test_an_engine_grows_with_each_fold():
    for field in ("pe", "simd", "columns"):
        wide = replace(ENGINE, **{field: 2 * getattr(ENGINE, field)})
        assert resources(ENGINE).lut < resources(wide).lut < 2.2 * resources(ENGINE).lut
        assert resources(ENGINE).ff < resources(wide).ff < 2.2 * resources(ENGINE).ff


def test_each_column_has_a_copy_of_the_ring():
    one, four = resources(WINDOW), resources(replace(WINDOW, columns=4, repeats=8))
    assert one.ebr == 1 and four.ebr == 4


def test_a_rom_moves_to_block_ram():
    assert resources(RomUnit(depth=32, width=63)).ebr == 0
    deep = resources(RomUnit(depth=32, width=64))
    assert deep.ebr == 2 and deep.lut < 40


def test_a_deep_fifo_moves_to_block_ram():
    assert resources(FifoUnit(lanes=1, bits=9, depth=64)).ebr == 0
    assert resources(FifoUnit(lanes=4, bits=9, depth=513)).ebr == 1


def test_refuses_a_family_without_prices():
    with pytest.raises(ParameterError, match=r"^resources: family must be one of .*got 'ecp4'"):
        resources(ENGINE, "ecp4")
    message = r"^resources: LUT4 and flip-flops were never fitted for ice40, but for ecp5; blocks"
    with pytest.raises(ParameterError, match=message):
        resources(ENGINE, "ice40")


def test_blocks_are_counted_where_nothing_else_has_a_price():
    units = RomUnit(depth=1152, width=16), FifoUnit(lanes=4, bits=9, depth=514)
    plan = SimpleNamespace(nodes=[SimpleNamespace(unit=unit) for unit in units])
    counts = {"ecp5": 3, "gowin": 3, "xc7": 3, "ice40": 10}
    assert {name: plan_blocks(plan, name).ebr for name in counts} == counts


def test_is_fast_enough_for_a_solver():
    resources(ENGINE)
    began = time.perf_counter()
    for _ in range(1000):
        resources(ENGINE)
    assert time.perf_counter() - began < 0.3  # 300 us a call; usually a twentieth of that
