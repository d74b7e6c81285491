"""An array's trunk: of each word what it keeps, in slices and layers of block RAM."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from fq_hw.schedule.memories import slices
from rtl_gen.array.trunk import Trunk
from sim.zoo import ZOO

UNIT = ZOO["array_identity"]
PE, BITS = UNIT.array.pe, UNIT.value_bits


@pytest.mark.parametrize(
    ("depth", "bits", "cuts"),
    [(40, BITS, [1]), (40, BITS - 1, [1]), (2500, 5, [1]), (5000, 5, [3, 1]), (20000, 3, [5, 3])],
)
def test_a_word_is_read_as_it_was_kept(depth, bits, cuts):
    """Two cycles later; 0 where nobody wants it; and held while nothing is read."""
    unit = replace(UNIT, trunk_depth=depth, trunk_bits=bits)
    assert [one.layers for one in slices(depth, PE * bits)] == cuts
    trunk, dice = Trunk(unit, spram=False), np.random.default_rng(depth)
    places = sorted({0, 1, depth - 1, *dice.integers(0, depth, 30).tolist()})
    kept = dice.integers(0, 2**bits, (len(places), PE)).tolist()
    dice.shuffle(order := np.arange(len(places)))

    def word(values):
        return sum(int(value) << n * BITS for n, value in enumerate(values))

    async def bench(ctx):
        ctx.set(trunk.write, 1)
        for place, values in zip(places, kept, strict=True):
            ctx.set(trunk.w_addr, place)
            ctx.set(trunk.w_data, word(values))
            await ctx.tick()
        ctx.set(trunk.write, 0)
        for n in order:
            for wanted in (1, 0):
                ctx.set(trunk.r_en, 1)
                ctx.set(trunk.want, wanted)
                ctx.set(trunk.r_addr, places[n])
                await ctx.tick().repeat(2)
                assert ctx.get(trunk.r_data) == wanted * word(kept[n])
                ctx.set(trunk.r_en, 0)
                ctx.set(trunk.r_addr, places[0])
                await ctx.tick().repeat(2)
                assert ctx.get(trunk.r_data) == wanted * word(kept[n])

    simulator = Simulator(trunk)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
