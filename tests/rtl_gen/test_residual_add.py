"""Residual adders: the largest sum. The rest: test_every_component."""

from rtl_gen.residual_add import ResidualAdd
from sim import pysim
from sim.vectors import Vectors
from sim.zoo import ZOO


def test_largest_sum_is_exact():
    top = Vectors(i={"i_a": (15, 15, 0), "i_b": (15, 1, 15)}, o={"o": (30, 16, 15)})
    pysim.replay(ResidualAdd(ZOO["add_even"]), top)
