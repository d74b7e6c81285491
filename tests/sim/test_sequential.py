"""Whole networks on the sequential accelerator, in Verilator, against golden and cycle model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import connect, flipped
from fq_hw.schedule.sequential import Array, lower_sequential
from networks import random_checkpoint, random_graph, random_images
from rtl_gen.sequential.top import SequentialAccelerator, parameter_beats

from fq_hw import golden
from fq_hw.export import export
from fq_hw.flow.config import read_config
from fq_hw.ir import Graph
from fq_hw.passes import lower_graph
from sim import network, primitives, taps

pytestmark = pytest.mark.verilator

SPRAM = Path(primitives.__file__).with_name("up5k.v")
ERN20 = Path(network.__file__).parents[1] / "fq_hw" / "models" / "ern20.toml"
CASES = {  # network, array
    "basic": ("basic", Array(columns=4, pe=2, simd=8, depth=512)),
    "gains": ("gains", Array(columns=4, pe=2, simd=4, depth=256)),
    "flat": ("flat", Array(columns=4, pe=2, simd=4, depth=256)),
    "awkward": ("awkward", Array(columns=8, pe=2, simd=16, depth=256)),
    "awkward, narrow": ("awkward", Array(columns=2, pe=1, simd=2, depth=2048)),
    "basic, pipelined": ("basic", Array(columns=4, pe=4, simd=4, depth=512, levels_per_stage=2)),
}


class Fed(wiring.Component):
    """A sequential accelerator in SPRAM, with its parameters from a ROM."""

    def __init__(self, core: SequentialAccelerator):
        self.core = core
        super().__init__({name: core.signature.members[name] for name in ("i", "o")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        words = parameter_beats(core.plan)
        m.submodules.rom = rom = memory.Memory(shape=16, depth=len(words), init=words)
        read, at = rom.read_port(domain="comb"), Signal(range(len(words) + 1))
        m.d.comb += [
            read.addr.eq(at),
            core.i_parameter.payload.eq(read.data),
            core.i_parameter.valid.eq(at != len(words)),
        ]
        with m.If(core.i_parameter.valid & core.i_parameter.ready):
            m.d.sync += at.eq(at + 1)
        return m


class Trial:
    """A graph on an array, its program, and runs compared with golden."""

    def __init__(self, graph, array, folder, images=3):
        self.plan, self.folder = lower_sequential(graph, array), folder
        self.images = random_images(graph.input.shape, images, 5)
        tensors = golden.run(graph, self.images)
        self.scores = tensors["tail.scores"].reshape(images, -1)
        self.labels = tensors["tail.label"].reshape(images)

    def run(self, program, **options):
        slack = len(self.plan.parameters) if options.get("reset_at") else 0
        run = network.simulate(
            program, self.plan, self.images, self.folder,
            cycles_per_frame=self.plan.interval + slack, **options,
        )  # fmt: skip
        np.testing.assert_array_equal(run.scores, self.scores)
        np.testing.assert_array_equal(run.labels, self.labels)
        return run

    def assert_cycles(self, run):
        assert run.latency == self.plan.latency
        assert np.diff(run.results).tolist() == [self.plan.interval] * (len(self.images) - 1)


@pytest.mark.parametrize("name", CASES)
def test_scores_and_cycles(name, tmp_path, programs):
    which, array = CASES[name]
    trial = Trial(lower_graph(random_graph(which, 3)), array, tmp_path)
    program = network.build(trial.plan, programs, brief=True)
    free = trial.run(program)
    trial.assert_cycles(free)
    for into, out in ((60, 0), (0, 250), (220, 220)):
        trial.run(program, pause_in=into, pause_out=out, seed=into + 1)
    for part in (0.3, 1.4):
        again = trial.run(program, reset_at=int(trial.plan.interval * part))
        assert again.results == free.results


def test_spram_is_loaded_after_every_reset(tmp_path, programs):
    which, array = CASES["awkward"]
    trial = Trial(lower_graph(random_graph(which, 3)), array, tmp_path)
    core = Fed(SequentialAccelerator(trial.plan, "ice40", spram=True))
    more = {**primitives.twins("ice40"), "up5k.v": SPRAM.read_text()}
    program = network.compile_core(core, trial.plan, taps.NONE, more, programs, brief=True)
    free = trial.run(program)
    trial.assert_cycles(free)
    assert free.first_pixel > len(parameter_beats(trial.plan))
    trial.run(program, reset_at=free.first_pixel // 2)
    trial.run(program, reset_at=free.results[0] - 100)
    trial.run(program, pause_in=100, pause_out=100)


def test_a_network_of_resnet_20s_size(tmp_path, programs):
    exported = export(random_checkpoint(read_config(ERN20).network, 1))
    graph = lower_graph(Graph.from_nodes(exported.name, exported.nodes))
    trial = Trial(graph, Array(), tmp_path, images=2)
    trial.assert_cycles(trial.run(network.build(trial.plan, programs, brief=True)))
