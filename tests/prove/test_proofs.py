"""Some of `make prove`, and that each kind of proof finds what is broken on purpose."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_BZIP2
from amaranth.lib.wiring import In, Out
from sdram_bench import small
from test_dot_product import BREAKS

from boards.packet import RequestReceiver
from fq_hw.flow.bitstreams import TASKS
from fq_hw.schedule.sdram import Slots
from fq_hw.schedule.two_tree import build
from prove import alone, bench_prove, components, fifo, packets, residual, sdram, sums, widths
from prove.circuit import DATA, Bench, graphs
from prove.induct import bounded, induction
from prove.table import BrokenError
from rtl_gen.component import component
from rtl_gen.dot_product import Dot
from rtl_gen.sdram.slots import SlotController
from sim.zoo import ZOO

pytestmark = pytest.mark.synth
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["fifo_3", "fork_2", "add_even", "convert_9_1_2", "score_2"])
def test_rules_of_streams(name, tmp_path):
    found = list(components.of_unit(name, tmp_path))
    assert [proof.method for proof in found] == [*["all states"] * 3, "induction"]


class Faulty(wiring.Component):
    """A register for a beat, with a fault."""

    def __init__(self, fault: str):
        self.fault = fault
        signature = stream.Signature(unsigned(2))
        super().__init__({"i": In(signature), "o": Out(signature)})

    def elaborate(self, platform):
        m, fault = Module(), self.fault
        free = ~self.o.valid | self.o.ready
        seen = Signal(3)
        m.d.comb += self.i.ready.eq(free | (fault == "loses"))
        with m.If(free | (fault == "withdraws")):
            m.d.sync += [
                self.o.valid.eq(self.i.valid & self.i.ready),
                self.o.payload.eq(self.i.payload),
            ]
        if fault == "changes":
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.o.payload.eq(self.o.payload + 1)
        if fault in ("stops", "doubles"):
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += seen.eq(seen + 1)
            with m.If(seen == 5):
                if fault == "stops":
                    m.d.comb += self.i.ready.eq(0)
                else:
                    m.d.sync += [self.o.valid.eq(1), seen.eq(0)]
        return m


def prove(part: wiring.Component, folder: Path) -> list:
    bench = Bench()
    bench.m.submodules.part = part
    bench.feed("i", part.i)
    bench.take("o", part.o)
    return list(components.prove("part", "part", bench, ("i",), ("o",), {"i": 1, "o": 1}, folder))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("withdraws", "valid falls"),
        ("loses", "beats get lost"),
        ("doubles", "beats get lost, or come from nowhere"),
        ("changes", "breaks its property in cycle"),
        ("stops", "stands still"),
    ],
)
def test_a_faulty_register_is_found(fault, said, tmp_path):
    with pytest.raises(BrokenError, match=said):
        prove(Faulty(fault), tmp_path)


def test_the_register_without_a_fault(tmp_path):
    assert len(prove(Faulty(""), tmp_path)) == 4


def test_a_fifo_keeps_order_and_depth(tmp_path):
    unit = ZOO["fifo_3"]
    assert list(fifo.prove("fifo", unit, component(unit), tmp_path))
    with pytest.raises(BrokenError):
        graphs({"less": fifo.watched(component(unit), unit.depth - 1)}, tmp_path, [DATA])
        induction("less", tmp_path)


def test_what_is_bounded_says_how_far(tmp_path):
    """The fault comes in the fifth beat: a bound before it sees nothing."""
    bench, part = Bench(), Faulty("changes")
    bench.m.submodules.part = part
    bench.feed("i", part.i)
    bench.take("o", part.o)
    graphs({"part": bench}, tmp_path, [DATA])
    assert bounded("part", tmp_path, 1)
    with pytest.raises(BrokenError, match="in cycle [2-9]"):
        bounded("part", tmp_path, 9)


@pytest.mark.parametrize("family", BREAKS)
def test_a_wide_dot_product_and_a_wrong_bit_in_it(family, tmp_path):
    dot = Dot(build(40, 2, 1), family)
    text = sums.rtlil_of(dot)
    assert list(sums.prove(dot, text, tmp_path))
    broken, count = re.subn(*BREAKS[family], text, count=1)
    assert count == 1
    with pytest.raises(BrokenError):
        list(sums.prove(dot, broken, tmp_path))


def test_the_check_of_packets(tmp_path):
    assert list(packets.prove_crc(tmp_path))
    graphs({"other": packets.check_of(CRC32_BZIP2().create())}, tmp_path, [DATA])
    with pytest.raises(BrokenError):
        induction("other", tmp_path)


class Undecided(RequestReceiver):
    """Judges no header."""

    def _judge(self, *args):
        pass


def test_a_parser_that_stays_where_it_is(tmp_path):
    with pytest.raises(BrokenError):
        list(packets.prove_parser("stuck", False, False, tmp_path, Undecided))


SLOTS = Slots(chip=small(), clock_mhz=100, burst=8)


def test_rules_of_a_small_sdram(tmp_path):
    assert list(sdram.prove("small", sdram.watched(SLOTS), tmp_path))


@pytest.mark.parametrize(
    ("time", "rule"),
    [
        ("rcd_ns", "RCD"),
        pytest.param("rp_ns", "RP", marks=pytest.mark.slow),
        pytest.param("rfc_ns", "RFC", marks=pytest.mark.slow),
    ],
)
def test_a_wait_that_is_too_short(time, rule, tmp_path):
    def make(slots: Slots) -> SlotController:
        chip = replace(slots.chip, **{time: getattr(slots.chip, time) - 10})
        return SlotController(replace(slots, chip=chip), ("words",))

    with pytest.raises(BrokenError, match=rule):
        list(sdram.prove("short", sdram.watched(SLOTS, make), tmp_path))


@pytest.mark.slow
def test_a_shortcut_that_is_too_short(tmp_path):
    plan = residual.plan_of("tiny")
    with pytest.raises(BrokenError, match="stands still|cycles a frame"):
        list(residual.prove("shallow", residual.shallow(plan), tmp_path))


def components_in_sources() -> set[str]:
    """Classes of components, but those of units, which are in the zoo."""
    found = set()
    for top in ("rtl_gen", "bus", "boards"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases = {ast.unparse(base) for base in node.bases}
                    if "wiring.Component" in bases:
                        found.add(node.name)
    return found


def test_every_component_is_proven_or_says_why_not():
    known = {name.split()[0] for name in alone.ALONE} | {*alone.NOT_ALONE}
    assert known == components_in_sources()


def test_every_unit_is_proven():
    assert {*bench_prove.units()} == {*ZOO}


def test_dot_products_of_every_board_are_proven():
    assert {*widths.kept()} == {*TASKS}
    assert widths.of_board("icebreaker") == widths.kept()["icebreaker"]
