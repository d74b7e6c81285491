"""The text form: one line an op, the same for the same graph."""

import numpy as np
from networks import random_graph

from fq_hw import ir
from fq_hw.ir.text import to_text

GRAPH = ir.Graph(
    "small",
    (
        ir.Input(name="x", shape=(4, 5, 1)),
        ir.Embed(name="e", inputs=("x",), table=np.full((1, 256, 2), 3, np.uint8), out_bits=2),
        ir.Conv(
            name="c",
            inputs=("e",),
            weight=np.ones((3, 1, 1, 2), np.int8),
            stride=2,
            padding=0,
            scale=0.25,
        ),
        ir.Threshold(
            name="t",
            inputs=("c",),
            levels=np.array([[-np.inf, 0.5, 6]] * 3),
            sign=np.array([1, -1, 1], np.int8),
            out_bits=2,
        ),
    ),
)
TEXT = """\
graph small
  %x: 4x5x1 u8 = Input() shape=(4, 5, 1)
  %e: 4x5x2 u2 = Embed(%x) table=[1x256x2 uint8 3..3] out_bits=2
  %c: 2x3x3 u3 = Conv(%e) weight=[3x1x1x2 int8 1..1] stride=2 padding=0 scale=0.25
  %t: 2x3x3 u2 = Threshold(%c) levels=[3x3 float64 -inf..6] sign=[3 int8 -1..1] out_bits=2
"""


def test_text():
    assert to_text(GRAPH) == TEXT


def test_text_is_stable():
    one, two = (to_text(random_graph("awkward", seed=4)) for _ in range(2))
    assert one == two
    assert one != to_text(random_graph("awkward", seed=5))
    assert len(one.splitlines()) == 1 + len(random_graph("awkward").ops)
