"""The dot product's plain form, over every input there is."""

import itertools

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from rtl_gen.xnor_dot import adder_tree, xnor_sum


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_every_sum(lanes):
    m, weights = Module(), Signal(lanes)
    acts = [Signal(2, name=f"act_{lane}") for lane in range(lanes)]
    total = xnor_sum(m, acts, weights, "total")

    async def bench(ctx):
        for values in itertools.product(range(4), repeat=lanes):
            for signal, value in zip(acts, values, strict=True):
                ctx.set(signal, value)
            for word in range(2**lanes):
                ctx.set(weights, word)
                await ctx.delay(1e-9)
                want = sum(a if word >> n & 1 else 3 - a for n, a in enumerate(values))
                assert ctx.get(total) == want

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 64])
def test_tree_holds_the_largest_sum(count):
    tree = adder_tree([Signal(2) for _ in range(count)])
    assert len(tree) >= (3 * count).bit_length()
