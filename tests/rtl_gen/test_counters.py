"""Nested counters count like nested loops."""

import itertools

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from rtl_gen.counters import counter, nest


@pytest.mark.parametrize("limits", [(3,), (1, 4), (3, 1, 2), (2, 3, 5), (1, 1)], ids=str)
def test_counts_like_nested_loops(limits):
    m, step = Module(), Signal()
    names = [f"loop_{n}" for n in range(len(limits))]
    at, last = nest(m, step, **dict(zip(names, limits, strict=True)))
    m.d.sync += Signal().eq(step)  # loops of one turn alone have no register
    loops = [values[::-1] for values in itertools.product(*map(range, reversed(limits)))]
    seen = []

    async def bench(ctx):
        for cycle in range(6 * len(loops)):
            ctx.set(step, cycle % 3 != 1)
            _, _, *values = await ctx.tick().sample(*at.values(), *last.values())
            if cycle % 3 != 1:
                seen.append(tuple(values))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    ends = [limit - 1 for limit in limits]
    want = [
        (*values, *(list(values[: n + 1]) == ends[: n + 1] for n in range(len(limits))))
        for values in loops
    ]
    assert seen == want * 4


@pytest.mark.parametrize(("limit", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_is_never_without_bits(limit, bits):
    assert len(counter(limit, "count")) == bits
