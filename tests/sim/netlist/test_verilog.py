"""Netlists small enough to write down, as Verilog."""

import re

import pytest

from fq_hw.errors import ParameterError, SimulationError
from sim.netlist.models import FILES, model_files, models
from sim.netlist.packed import complete
from sim.netlist.pins import pins_of, settle_pins
from sim.netlist.verilog import as_verilog, parameter

ECP5 = models("ecp5")
INPUTS = {"A", "B", "C", "D", "CLK", "CE", "DI", "LSR", "CEB", "ADA0"}


def cell(kind, parameters, **connections):
    """A cell as JSON has it."""
    ways = {port: "input" if port in INPUTS else "output" for port in connections}
    return {"type": kind, "parameters": parameters, "port_directions": ways,
            "connections": connections}  # fmt: skip


def design(*cells, **ports):
    """A netlist with these cells; ports are their bits."""
    named = {port: {"direction": "input" if bit < 9 else "output", "bits": [bit]}
             for port, bit in ports.items()}  # fmt: skip
    return {"modules": {"top": {"ports": named, "cells": {str(n): c for n, c in enumerate(cells)}}}}


def flop(data, out, clock=2, enable=3):
    """A flip-flop with an enable."""
    settings = {"CEMUX": "CE", "REGSET": "SET"}
    return cell("TRELLIS_FF", settings, CLK=[clock], CE=[enable], DI=[data], LSR=["0"], Q=[out])


def lines(*cells, **ports):
    """The Verilog of a netlist, its instances alone."""
    text = as_verilog(design(*cells, **ports), ECP5, "netlist")
    return [line.strip() for line in text.splitlines() if re.search(r" u\d+ \(", line)]


@pytest.mark.parametrize(
    ("value", "verilog"),
    [("0101", "4'b0101"), ("01xz", "4'b0100"), ("NO", '"NO"'), ("1 ", '"1"'), (1, "1")],
)
def test_parameters(value, verilog):
    assert parameter(value) == verilog


def test_an_open_input_is_drawn_and_a_constant_is_not():
    (line,) = lines(cell("LUT4", {"INIT": "1" * 16}, A=[2], B=["x"], C=["1"], Z=[9]), a=2, z=9)
    assert line.startswith(f"LUT4 #(.INIT(16'b{'1' * 16})) u0 (.A(n2), .B(unknown[")
    assert ".C(1'b1), .D(unknown[" in line and line.endswith(".Z(n9));")


def test_flip_flops_that_share_all_but_data_are_a_row():
    row, other = lines(flop(5, 10), flop(6, 11), flop(7, 12, enable=4))
    assert ".WIDTH(2)" in row and ".DI({n6, n5})" in row and ".Q({n11, n10})" in row
    assert ".WIDTH(1)" in other and ".CE(n4)" in other


def test_a_row_is_no_wider_than_a_word():
    found = lines(*(flop(100 + n, 200 + n) for n in range(40)))
    assert [".WIDTH(32)" in line for line in found] == [True, False]


def test_switches_before_a_block_ram():
    settings = {"CEBMUX": "INV", "ADA0MUX": "0 ", "RSTAMUX": "INV"}
    (line,) = lines(cell("DP16KD", settings, CEB=[2], ADA0=[3]))
    assert ".CEB(!n2)" in line and ".ADA0(1'b0)" in line
    assert ".RSTA(!1'b1)" in line and ".CEA(1'b1)" in line  # the device holds open ones at 1
    with pytest.raises(SimulationError, match="^netlist: CEBMUX must be one of CEB, INV, 0, 1 "):
        lines(cell("DP16KD", {"CEBMUX": "ODD"}, CEB=[2]))


def test_a_cell_without_a_model_is_named():
    message = r"^netlist: has cells without a behavioural model \(got \['ODDR', 'SERDES'\]\)$"
    with pytest.raises(SimulationError, match=message):
        as_verilog(design(cell("SERDES", {}), cell("ODDR", {})), ECP5, "netlist")
    with pytest.raises(
        SimulationError, match="^netlist: must be a JSON netlist with a module 'top'"
    ):
        as_verilog({"modules": {}}, ECP5, "netlist")


def test_a_port_without_a_model_is_named():
    odd = cell("LUT4", {}, A=[2], CARRY=[3])
    message = r"^netlist: the model of LUT4 has no such port \(got \['CARRY'\]\)$"
    with pytest.raises(SimulationError, match=message):
        as_verilog(design(odd), ECP5, "netlist")


def test_families_without_models():
    known = "ecp5, gw5a, gowin, ice40"
    with pytest.raises(ParameterError, match=f"^netlist: family must be one of {known} "):
        model_files("xc7")


def test_every_model_is_read():
    for family in FILES:
        text = "\n".join(model_files(family).values())
        assert set(models(family)) == {line.split()[1] for line in text.splitlines()
                                       if line.startswith("module ")}  # fmt: skip
        assert all(model.ports and model.inputs < model.ports for model in models(family).values())


def test_pins():
    ports = ["clk25_0__io", "uart_0__rx__io", "uart_0__tx__io"]
    ours = pins_of(ports)
    assert list(ours.values()) == ["rx", "tx", "clk"]
    found = {"modules": {"top": {"ports": {port: {"direction": "inout"} for port in ports}}}}
    settle_pins(found, ours)
    ways = [record["direction"] for record in found["modules"]["top"]["ports"].values()]
    assert ways == ["input", "input", "output"]
    with pytest.raises(SimulationError, match="flash or an SDRAM, is not simulated behind a netl"):
        pins_of([*ports, "spi_flash_0__clk__io"])


def test_what_nextpnr_does_not_name():
    comb = cell("TRELLIS_COMB", {}, FXA=[5], F=[6])
    pad = cell("SB_IO", {}, PACKAGE_PIN=[2], GLOBAL_BUFFER_OUTPUT=[])
    buffer = cell("SB_GB", {}, USER_SIGNAL_TO_GLOBAL_BUFFER=[], GLOBAL_BUFFER_OUTPUT=[7])
    buffer["attributes"] = {"FOR_PAD_IN": "1"}
    complete(design(comb, pad, buffer))
    assert comb["parameters"] == {"IS_Z1": 1}
    assert buffer["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] == [2]
    with pytest.raises(SimulationError, match="^netlist: must have one clock's pad at most "):
        complete(design(pad))
