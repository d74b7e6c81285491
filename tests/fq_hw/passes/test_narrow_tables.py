"""Tables that are added, with as few bits as their sum's levels need."""

from dataclasses import replace

import numpy as np
import pytest

from fq_hw import golden, ir
from fq_hw.passes import narrow_tables

DICE = np.random.default_rng(7)
EVERY = np.stack(np.meshgrid(np.arange(256), np.arange(256)), axis=-1).astype(np.uint8)[None]


def graph(first: np.ndarray, second: np.ndarray, levels: np.ndarray, bits: int) -> ir.Graph:
    """Both colours of an image through a table each, added, counted; every pair is a pixel."""
    pick = [np.eye(2, dtype=int)[n].reshape(1, 1, 1, 2) for n in (0, 1)]
    tables = [np.arange(256)[None, :, None]] * 2
    nodes: list[ir.Op] = [
        ir.Input(name="x", shape=(256, 256, 2)),
        ir.Embed(name="e", inputs=("x",), table=tables[0], out_bits=8),
    ]
    for side, weight, table in zip("ab", pick, (first, second), strict=True):
        nodes += [
            ir.Conv(name=f"c{side}", inputs=("e",), weight=weight, stride=1, padding=0, scale=None),
            ir.Threshold(name=f"t{side}", inputs=(f"c{side}",), levels=np.arange(1, 256)[None],
                         sign=np.ones(1, int), out_bits=8),
            ir.Lookup(name=f"l{side}", inputs=(f"t{side}",), table=table, scale=1.0),
        ]  # fmt: skip
    nodes += [
        ir.Add(name="sum", inputs=("la", "lb")),
        ir.Threshold(name="y", inputs=("sum",), levels=levels[None], sign=np.ones(1, int),
                     out_bits=bits),
    ]  # fmt: skip
    return ir.Graph("pairs", tuple(nodes))


def counted(first, second, step, start, bits):
    """Tables of the scale 2**20, and levels ``step`` apart from ``start`` on."""
    tables = [np.round(DICE.permutation(256) * s * 2**20).astype(np.int64) for s in (first, second)]
    levels = np.round((start + step * np.arange(2**bits - 1)) * 2**20).astype(np.int64)
    return graph(*tables, levels, bits)


@pytest.mark.parametrize(("first", "second", "step", "start", "bits"), [
    (0.731, 0.317, 1.0, 0.5, 8), (0.31, 0.9, 1.4, -3.2, 8), (0.5, 0.3, 60.0, 11.0, 2),
    (1.0, 0.9, 40.0, 20.0, 3),
])  # fmt: skip
def test_every_pair_has_the_level_that_it_had(first, second, step, start, bits):
    before = counted(first, second, step, start, bits)
    after = narrow_tables(before)
    np.testing.assert_array_equal(golden.run(after, EVERY)["y"], golden.run(before, EVERY)["y"])
    shifted = isinstance(after["y"], ir.Requantize)
    assert shifted or after.types["sum"].bits < before.types["sum"].bits
    assert shifted or bits < 8  # 255 levels are not compared
    assert narrow_tables(after) is after or not shifted


def test_levels_that_are_not_evenly_spaced():
    levels = np.sort(DICE.integers(0, 2**28, 255))
    tables = [np.arange(256) * 2**19 + DICE.integers(0, 2**10, 256) for _ in "ab"]
    before = graph(*tables, levels, 8)
    after = narrow_tables(before)
    np.testing.assert_array_equal(golden.run(after, EVERY)["y"], golden.run(before, EVERY)["y"])
    assert isinstance(after["y"], ir.Threshold)
    assert after.types["sum"].bits < before.types["sum"].bits


def test_what_others_read_is_left_alone():
    before = counted(0.7, 0.3, 1.0, 0.5, 8)
    last = ir.Threshold(name="z", inputs=("sum",), levels=np.array([[5, 6, 7]]),
                        sign=np.ones(1, int), out_bits=2)  # fmt: skip
    both = ir.Concat(name="both", inputs=("y", "z"))
    shared = ir.Graph("pairs", (*before.ops, last, both))
    assert narrow_tables(shared) is shared
    falling = before.map(lambda op: replace(op, sign=-op.sign) if op.name == "y" else op)
    assert narrow_tables(falling) is falling
