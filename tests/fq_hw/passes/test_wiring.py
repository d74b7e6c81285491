"""Padding and orders of channels that convolutions take upon themselves."""

from __future__ import annotations

import numpy as np
import pytest

from fq_hw import golden, ir
from fq_hw.passes import absorb_order, merge_padding

IMAGES = np.random.default_rng(3).integers(0, 256, (3, 6, 7, 4), dtype=np.uint8)
EYE = np.arange(6), np.arange(7)


def weights(groups: int = 1, kernel: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(-3, 4, (4, kernel, kernel, 4 // groups))


def graph(moved: ir.Op, *readers: ir.Op) -> ir.Graph:
    ops = [ir.Input(name="x", shape=(6, 7, 4)), moved, *readers]
    return ir.Graph("net", tuple(ops))


def padded(rows: tuple[int, int], columns: tuple[int, int], level: int = 0) -> ir.Grid:
    sides = zip(EYE, (rows, columns), strict=True)
    found = [np.pad(side, around, constant_values=-1) for side, around in sides]
    return ir.Grid(name="moved", inputs=("x",), rows=found[0], columns=found[1], level=level)


def conv(padding: int | tuple[int, ...] = 0, level: int = 0, groups: int = 1) -> ir.Conv:
    return ir.Conv(name="y", inputs=("moved",), weight=weights(groups), stride=1, padding=padding,
                   scale=None, pad_level=level, groups=groups)  # fmt: skip


def pool(sign: int = 1, stride: int = 1) -> ir.MaxPool:
    return ir.MaxPool(name="y", inputs=("moved",), kernel=(3, 3), stride=stride,
                      sign=np.full(4, sign))  # fmt: skip


def same(step, before: ir.Graph) -> bool:
    """Whether ``step`` takes ``moved`` away; its values are the same."""
    after = step(before)
    found = golden.run(after, IMAGES)
    for name, want in golden.run(before, IMAGES).items():
        if name in found:
            np.testing.assert_array_equal(found[name], want)
    assert "y" in found
    return "moved" not in found


MERGED = {
    "all sides": (padded((1, 1), (1, 1)), conv()),
    "a level": (padded((2, 0), (0, 1), 9), conv()),
    "with its own": (padded((1, 0), (0, 1), 9), conv((1, 0, 1, 0), 9)),
    "groups": (padded((1, 1), (0, 1), 3), conv(groups=4)),
    "a maximum": (padded((1, 1), (0, 1)), pool()),
}
KEPT = {
    "another level": (padded((1, 0), (0, 1), 9), conv(1, 3)),
    "farther than the kernel": (padded((3, 0), (0, 0)), conv()),
    "together farther": (padded((2, 0), (0, 0)), conv((1, 0, 0, 0))),
    "a maximum of a level": (padded((1, 1), (0, 1), 3), pool()),
    "a minimum": (padded((1, 1), (0, 1)), pool(-1)),
    "rows left out": (ir.Grid(name="moved", inputs=("x",), rows=np.array([-1, 1, 3, 5]),
                              columns=EYE[1]), conv()),
    "nothing around": (ir.Grid(name="moved", inputs=("x",), rows=EYE[0][1:], columns=EYE[1]),
                       conv()),
}  # fmt: skip


@pytest.mark.parametrize("name", MERGED)
def test_windows_reach_outside(name):
    assert same(merge_padding, graph(*MERGED[name]))


@pytest.mark.parametrize("name", KEPT)
def test_padding_stays(name):
    assert not same(merge_padding, graph(*KEPT[name]))


def test_padding_stays_for_others():
    moved = padded((1, 1), (1, 1))
    more = ir.Flatten(name="z", inputs=("moved",))
    before = graph(moved, conv(), ir.Flatten(name="f", inputs=("y",)), more,
                   ir.Concat(name="end", inputs=("f", "z")))  # fmt: skip
    after = merge_padding(before)
    assert after["y"].inputs == ("x",)
    for name, want in golden.run(before, IMAGES).items():
        np.testing.assert_array_equal(golden.run(after, IMAGES)[name], want)


def select(*order: int) -> ir.Select:
    return ir.Select(name="moved", inputs=("x",), order=np.array(order))


def test_weights_take_an_order():
    assert same(absorb_order, graph(select(2, 0, 3, 1), conv(1, 5)))


@pytest.mark.parametrize("order", [(2, 0, 3, 3), (1, 2, 3, -1)])
def test_other_choices_stay(order):
    assert not same(absorb_order, graph(select(*order), conv()))


def test_groups_keep_their_order():
    assert not same(absorb_order, graph(select(2, 0, 3, 1), conv(groups=2)))


def test_nothing_to_do_is_the_same_graph():
    before = graph(padded((3, 3), (0, 0)), conv())
    assert merge_padding(before) is before and absorb_order(before) is before
