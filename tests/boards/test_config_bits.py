"""An ECP5's configuration beside a routed netlist, on ones small enough to write down."""

import pytest

from boards.config_bits import BitsCheck, compare_bits

TABLE = 0b0000_0000_0000_1000  # A and B, for C = D = 0


def lut(mode="LOGIC", **inputs):
    """A LUT at X3/Y2, its first."""
    return {
        "type": "TRELLIS_COMB",
        "parameters": {"INITVAL": f"{TABLE:016b}", "MODE": mode},
        "attributes": {"NEXTPNR_BEL": "X3/Y2/SLICEA.K0"},
        "connections": {"C": [], "D": [], **inputs},
    }


def ram(first: int):
    """A block RAM whose first word is given."""
    return {
        "type": "DP16KD",
        "parameters": {"INITVAL_00": f"{first:0320b}"},
        "attributes": {"WID": "11", "NEXTPNR_BEL": "X3/Y2/EBR0"},
        "connections": {},
    }


def design(cell, **routes):
    """A netlist of one cell; ``routes`` say by which pin the wire of an input comes."""
    way = ";".join(f"X3/Y2/{a}0_SLICE;X3/Y2/0_0_{b}0->0_0_{a}0_SLICE;1" for a, b in routes.items())
    nets = {"n": {"attributes": {"ROUTING": way}}}
    return {"modules": {"top": {"cells": {"c": cell}, "netnames": nets}}}


def config(table: int) -> str:
    return f".device LFE5U-25F\n\n.tile R2C3:PLC2\narc: A B\nword: SLICEA.K0.INIT {table:016b}\n"


def words(first: int, second: int) -> str:
    return f".bram_init 3\n{first:03x} {second:03x}" + " 000" * 6 + "\n" + "000 " * 8 + "\n"


def full(inputs: str) -> dict:
    return {pin: [n] for n, pin in enumerate(inputs, 2)}


def test_a_table_of_four_inputs():
    cell = lut(**full("ABCD"))
    assert compare_bits(config(TABLE), design(cell)) == BitsCheck(
        lut_bits=16, lut_wrong=0, ram_bits=0, ram_wrong=0
    )
    for bit in range(16):
        assert compare_bits(config(TABLE ^ 1 << bit), design(cell)).lut_wrong == 1


def test_a_table_whose_inputs_came_by_other_pins():
    cell = lut(**full("ABCD"))
    routes = {"A": "D", "B": "C", "C": "B", "D": "A"}
    assert compare_bits(config(1 << 12), design(cell, **routes)).lut_wrong == 0
    assert compare_bits(config(1 << 8), design(cell, **routes)).lut_wrong == 2


def test_only_what_open_inputs_can_reach():
    cell = lut(A=[2], B=[3])  # C and D are 1: of INITVAL, the highest quarter, all 0
    found = compare_bits(config(0x0FFF), design(cell))
    assert (found.lut_bits, found.lut_wrong) == (4, 0)


def test_the_second_table_of_a_carry_chain():
    cell = lut("CCU2", **full("ABCD"))
    assert compare_bits(config(TABLE), design(cell)).lut_bits == 20
    assert compare_bits(config(TABLE ^ 1), design(cell)).lut_wrong == 2


@pytest.mark.parametrize(("text", "wrong"), [(words(0x1FF, 1), 0), (words(0x1FF, 0), 1),
                                             (words(0, 1), 9), ("", 10)])  # fmt: skip
def test_words_of_a_block_ram(text, wrong):
    found = compare_bits(text, design(ram(0x3FF)))
    assert (found.ram_bits, found.ram_wrong) == (18_432, wrong)
