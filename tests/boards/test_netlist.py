"""Edits of ECP5 netlists, on netlists small enough to write down, and once through synthesis."""

import json

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards import netlist
from boards.measure import measure
from fq_hw.schedule.memories import blocks, rom_layers
from fq_hw.schedule.resources import resources
from fq_hw.schedule.units import RomUnit
from rtl_gen.rom_stream import RomStream


def flop(data: int, out: int, enable: int | str = 9, reset: int | str = "0", clock: int = 1):
    """A flip-flop cell."""
    connections = {"CLK": [clock], "CE": [enable], "DI": [data], "LSR": [reset], "Q": [out]}
    ways = {port: "output" if port == "Q" else "input" for port in connections}
    return {"type": "TRELLIS_FF", "parameters": {}, "port_directions": ways,
            "connections": connections}  # fmt: skip


def ram(*outputs: int, clock: int = 1):
    """A block RAM cell with the outputs DOA0, DOA1, ..."""
    names = {f"DOA{n}": [bit] for n, bit in enumerate(outputs)}
    inputs = {"CLKB": [clock], "OCEA": ["0"], "OCEB": ["1"]}
    ways = dict.fromkeys(names, "output") | dict.fromkeys(inputs, "input")
    return {"type": "DP16KD", "parameters": {"REGMODE_A": "NOREG", "REGMODE_B": "NOREG"},
            "port_directions": ways, "connections": names | inputs}  # fmt: skip


def lut(*bits: int):
    """A reader that is no flip-flop."""
    inputs = {name: [bit] for name, bit in zip("ABCD", bits, strict=False)}
    return {"type": "LUT4", "parameters": {}, "port_directions": dict.fromkeys(inputs, "input"),
            "connections": inputs}  # fmt: skip


def test_flip_flops_move_into_the_block():
    cells = {"ram": ram(20, 21, 22), "a": flop(20, 30), "b": flop(21, 31)}  # nobody reads 22
    netlist.output_registers(cells)
    assert list(cells) == ["ram"]
    block = cells["ram"]
    assert block["parameters"] == {"REGMODE_A": "OUTREG", "REGMODE_B": "OUTREG"}
    assert [block["connections"][f"DOA{n}"] for n in range(3)] == [[30], [31], [22]]
    assert block["connections"]["OCEA"] == block["connections"]["OCEB"] == [9]


@pytest.mark.parametrize(
    "cells",
    [
        {"a": flop(20, 30), "b": flop(21, 31, enable=8)},
        {"a": flop(20, 30), "b": flop(21, 31, reset=7)},
        {"a": flop(20, 30), "b": flop(21, 31, clock=2)},
        {"a": flop(20, 30), "b": flop(21, 31), "c": lut(21)},
        {"a": flop(20, 30), "b": lut(21)},
    ],
    ids=["enables", "reset", "clock", "read twice", "read by logic"],
)
def test_they_stay_where_the_register_would_differ(cells):
    cells = {"ram": ram(20, 21)} | cells
    before = json.dumps(cells)
    netlist.output_registers(cells)
    assert json.dumps(cells) == before


def test_open_ports_of_carry_cells_are_named():
    cell = {"type": "CCU2C", "port_directions": {"A0": "input"}, "connections": {"A0": [5]}}
    other = {"type": "LUT4", "port_directions": {}, "connections": {}}
    netlist.open_ports({"carry": cell, "lut": other})
    assert cell["connections"].pop("A0") == [5]
    assert set(cell["connections"]) == {*netlist.INPUTS, *netlist.OUTPUTS} - {"A0"}
    assert all(bits == ["x"] for bits in cell["connections"].values())
    assert cell["port_directions"]["COUT"] == "output"
    assert not other["connections"]


@pytest.mark.synth
@pytest.mark.parametrize(
    "unit", [RomUnit(depth=512, width=36), RomUnit(depth=1100, width=60, late=True)]
)
def test_a_rom_stream_keeps_its_words_in_the_blocks(unit):
    """No bit of a word has a flip-flop left; what is left counts and holds the handshake."""
    dice = np.random.default_rng(0)
    found = measure(RomStream(unit, dice.integers(0, 2, (unit.depth, unit.width))), route=False)
    assert found.ebr == resources(unit).ebr == blocks(unit.depth, unit.width, rom=True)
    assert found.ff < 36
    layers = rom_layers(unit.depth, unit.width)[1]
    assert (layers > 1) == unit.late and found.lut4 < 2 * layers * unit.width


class Copies(wiring.Component):
    """A bit held by three registers; ``attrs`` of their nets say whether they are to be one."""

    def __init__(self, attrs: dict[str, str]):
        self.attrs = attrs
        super().__init__({"i": In(1), "use": In(3), "o": Out(3)})

    def elaborate(self, platform):
        m = Module()
        copies = [Signal(name=f"copy_{n}", attrs=self.attrs, reset_less=True) for n in range(3)]
        m.d.sync += [copy.eq(self.i) for copy in copies]
        m.d.comb += self.o.eq(Cat(copies) & self.use)
        return m


@pytest.mark.synth
@pytest.mark.parametrize(("attrs", "count"), [({}, 1), ({"keep": "true"}, 3)], ids=["one", "kept"])
def test_registers_to_be_kept_are_not_made_one(attrs, count):
    assert measure(Copies(attrs), route=False).ff == count
