"""The checks can fail: each way of breaking the hardware is seen by the comparison with golden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Const, Module
from networks import NETWORKS, random_checkpoint
from simcases import Case, make_case

from fq_hw.errors import SimulationError
from fq_hw.export import export
from fq_hw.ir import Graph
from fq_hw.network import Stage, StemConv
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.units import FifoUnit
from rtl_gen import sliding_window
from rtl_gen.residual_add import ResidualAdd
from rtl_gen.stream_fork import StreamFork
from sim import network

pytestmark = pytest.mark.verilator

NAME = "gains"  # its blocks have an identity skip: fork, FIFO, adder


def change(plan: Plan, name: str, **fields) -> Plan:
    """``plan`` with other fields in the node ``name``."""
    return replace(
        plan, nodes=tuple(replace(n, **fields) if n.name == name else n for n in plan.nodes)
    )


def flip_weight(plan: Plan, monkeypatch) -> Plan:
    node = plan["stages.0.1.convs.0.weights"]
    bits = np.array(node.contents)
    bits[3, 5] ^= 1
    return change(plan, node.name, fill=lambda: bits)


def raise_level(plan: Plan, monkeypatch) -> Plan:
    """One threshold higher by one, in the channel whose sums are nearest to it."""
    node, unit = plan["stages.0.1.acts.1.levels"], plan["stages.0.1.acts.1"].unit
    bits = np.array(node.contents).reshape(-1, unit.i_level.bits)
    weights = 1 << np.arange(unit.level_bits)
    for channel in bits:
        level = int(channel[: unit.level_bits] @ weights) + 1
        channel[: unit.level_bits] = (level >> np.arange(unit.level_bits)) & 1
        break
    return change(plan, node.name, fill=lambda: bits.reshape(node.contents.shape))


def shorten_fifo(plan: Plan, monkeypatch) -> Plan:
    node = plan["stages.0.1.skip"]
    return change(plan, node.name, unit=replace(node.unit, depth=node.unit.depth - 1))


def always_ready(plan: Plan, monkeypatch) -> Plan:
    """The adder's second input no longer waits for the first."""
    honest = ResidualAdd.elaborate

    def elaborate(self, platform):
        m = Module()
        inner = ResidualAdd(self.unit)
        inner.elaborate = honest.__get__(inner)
        m.submodules.inner = inner
        for name in ("i_a", "i_b"):
            outer, port = getattr(self, name), getattr(inner, name)
            m.d.comb += [port.valid.eq(outer.valid), port.payload.eq(outer.payload)]
        m.d.comb += [
            self.i_a.ready.eq(inner.i_a.ready),
            self.i_b.ready.eq(1),
            self.o.valid.eq(inner.o.valid),
            self.o.payload.eq(inner.o.payload),
            inner.o.ready.eq(self.o.ready),
        ]
        return m

    monkeypatch.setattr(ResidualAdd, "elaborate", elaborate)
    return plan


def drop_padding_row(plan: Plan, monkeypatch) -> Plan:
    """Rows outside the image read whatever the ring holds."""
    honest = sliding_window.outside

    def outside(padded, size, axis, ahead=0):
        return Const(0) if "tap_row" in repr(padded) else honest(padded, size, axis, ahead)

    monkeypatch.setattr(sliding_window, "outside", outside)
    return plan


def forget_branch(plan: Plan, monkeypatch) -> Plan:
    """The fork does not wait for its second reader."""

    def elaborate(self, platform):
        m = Module()
        for way in range(self.unit.ways):
            o = getattr(self, f"o_{way}")
            m.d.comb += [o.valid.eq(self.i.valid), o.payload.eq(self.i.payload)]
        m.d.comb += self.i.ready.eq(self.o_0.ready)
        return m

    monkeypatch.setattr(StreamFork, "elaborate", elaborate)
    return plan


MUTATIONS = [
    flip_weight, shorten_fifo, always_ready, drop_padding_row,
    *(pytest.param(one, marks=pytest.mark.slow) for one in (raise_level, forget_branch)),
]  # fmt: skip


def survives(case: Case, plan: Plan, programs: Path) -> bool:
    """Whether ``plan`` gives the golden scores, free running and under stalls."""
    program = network.build(plan, programs, brief=True)
    for pauses in ({}, {"pause_in": 60, "pause_out": 200}):
        try:
            run = case.run(program, **pauses)
        except SimulationError:
            return False
        if (run.scores != case.scores).any() or (run.labels != case.labels).any():
            return False
    return True


@pytest.fixture
def tight(tmp_path) -> Case:
    """A network whose skip FIFOs are as shallow as they may be."""
    network = replace(
        NETWORKS[NAME], image=(6, 6, 1), stem=(StemConv(width=6, norm=False),),
        stages=(Stage(width=6, blocks=2, stride=1),),
    )  # fmt: skip
    exported = export(random_checkpoint(network, 3))
    graph = Graph.from_nodes(exported.name, exported.nodes)
    return make_case(NAME, tmp_path, 30, graph=graph, skip_slack=0)


def test_the_tight_plan_survives(tight, programs):
    assert any(isinstance(node.unit, FifoUnit) for node in tight.plan.nodes)
    assert survives(tight, tight.plan, programs)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_is_caught(mutate, tight, programs, monkeypatch):
    assert not survives(tight, mutate(tight.plan, monkeypatch), programs)
