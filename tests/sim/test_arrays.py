"""Whole networks in turn on one array, in Verilator, against golden and cycle model."""

from __future__ import annotations

from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import connect, flipped
from simcases import make_case

from fq_hw import ir
from fq_hw.schedule import timing
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.units import ParameterUnit
from rtl_gen.parameters import fill_beats
from rtl_gen.top import Accelerator
from sim import network, primitives, taps

pytestmark = pytest.mark.verilator

SPRAM = Path(primitives.__file__).with_name("up5k.v")
ARRAYS = {
    "basic": Array(columns=4, pe=4, simd=16, depth=1024),  # halves: frames come in meanwhile
    "bottleneck": Array(columns=4, pe=4, simd=4, depth=512, levels_per_stage=2),
    "gains": Array(columns=2, pe=4, simd=8, depth=256),
    "flat": Array(columns=4, pe=1, simd=4, depth=256),
    "awkward": Array(columns=8, pe=2, simd=16, depth=256),
}
STALLS = ((60, 0), (0, 250), (220, 220))


class Fed(wiring.Component):
    """An accelerator in SPRAM, with its parameters from a ROM."""

    def __init__(self, core: Accelerator):
        self.core = core
        (contents,) = [n.contents for n in core.nodes if isinstance(n.unit, ParameterUnit)]
        self.words = fill_beats(contents)
        super().__init__({name: core.signature.members[name] for name in ("i", "o")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        depth = len(self.words)
        m.submodules.rom = rom = memory.Memory(shape=16, depth=depth, init=self.words)
        read, at = rom.read_port(domain="comb"), Signal(range(depth + 1))
        m.d.comb += [
            read.addr.eq(at),
            core.i_fill.payload.eq(read.data),
            core.i_fill.valid.eq(at != depth),
        ]
        with m.If(core.i_fill.valid & core.i_fill.ready):
            m.d.sync += at.eq(at + 1)
        return m


@pytest.mark.parametrize("name", ARRAYS)
def test_scores_streams_and_cycles(name, tmp_path, programs):
    case = make_case(name, tmp_path, 3, array=ARRAYS[name])
    assert case.plan["tail.conv"].unit.apart == (name == "basic")
    program = network.build(case.plan, programs, brief=True)
    inside = {op.name for op in case.graph.ops if isinstance(op, ir.Threshold | ir.Add)}
    free = case.assert_as_predicted(program, {"embedding", "tail.conv", "tail.sum", *inside})
    for into, out in STALLS:
        case.assert_equal(case.run(program, pause_in=into, pause_out=out, seed=into + 1))
    for part in (0.3, 1.4):
        again = case.run(program, reset_at=int(case.interval * part))
        case.assert_equal(again)
        assert again.results == free.results


def test_spram_is_filled_after_every_reset(tmp_path, programs):
    case = make_case("awkward", tmp_path, 3, array=ARRAYS["awkward"])
    core = Fed(Accelerator(case.plan, "ice40", spram=True))
    more = {**primitives.twins("ice40"), "up5k.v": SPRAM.read_text()}
    program = network.compile_core(core, case.plan, taps.NONE, more, programs, brief=True)
    free = case.run(program)
    case.assert_equal(free)
    later = len(core.words)  # how much later the first parameter is offered
    assert free.results == tuple(n + later for n in timing.simulate(case.plan, 3).results)
    case.assert_equal(case.run(program, pause_in=100, pause_out=100))
    for cycle in (later // 2, free.results[0] - 100):
        again = case.run(program, reset_at=cycle)
        case.assert_equal(again)
        assert again.results == free.results


def test_an_ecp5s_adders_choose_the_sum(tmp_path, programs):
    """Sums move between columns as they are read, not as they are written."""
    case = make_case("bottleneck", tmp_path, 2, array=ARRAYS["bottleneck"])
    program = network.build(case.plan, programs, "ecp5", brief=True)
    free = case.run(program)
    case.assert_equal(free)
    assert free.results == timing.simulate(case.plan, 2).results
    case.assert_equal(case.run(program, pause_in=220, pause_out=220))
