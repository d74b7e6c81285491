"""A sum that chooses: on ECP5's carry cells proven equal to the plain one, and counted."""

import itertools
import re
from pathlib import Path

import pytest
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from prove.solver import READ, yosys

from fq_hw.errors import ToolError
from rtl_gen.chosen_sum import chosen_sum_of
from rtl_gen.emit import to_rtlil
from sim import primitives

pytestmark = pytest.mark.synth

MODELS = {
    "twins": Path(primitives.__file__).with_name("ecp5.v"),
    "yosys": "+/lattice/ccu2c_sim.vh +/lattice/common_sim.vh",
}
SIZES = [(1, 1), (4, 2), (5, 5), (7, 3)]
PROOF = f"{READ}sat -verify -prove plain ecp5 top\n"


class Both(wiring.Component):
    """The sum in both forms."""

    def __init__(self, bits: int, added: int):
        words = {"own": In(bits), "other": In(bits), "added": In(added), "choose": In(1)}
        super().__init__({**words, "plain": Out(bits), "ecp5": Out(bits)})

    def elaborate(self, platform):
        m, ways = Module(), (self.own, self.other)
        total = chosen_sum_of("ecp5")(m, "total", self.choose, ways, self.added)
        m.d.comb += self.ecp5.eq(total)
        m.d.comb += self.plain.eq(Mux(self.choose, self.other, self.own) + self.added)
        return m


def prove(folder, sizes, models, change=lambda text: text):
    """Prove both forms equal, in one run of Yosys; ``change`` may break one."""
    script = ""
    for size, model in itertools.product(sizes, models):
        name = "sum_{}_{}".format(*size)
        (folder / f"{name}.il").write_text(change(to_rtlil(Both(*size), "top")))
        script += PROOF.format(name=name, model=model)
    yosys(folder, script)


def test_forms_are_equal(tmp_path):
    prove(tmp_path, SIZES, MODELS.values())


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_wrong_bit_is_found(model, tmp_path):
    def change(text):
        broken, count = re.subn(r"(parameter \\INIT1 16'\d{15})(\d)", flip, text, count=1)
        assert count == 1
        return broken

    def flip(found):
        return found[1] + "10"[int(found[2])]

    with pytest.raises(ToolError, match="proof did fail"):
        prove(tmp_path, SIZES[1:2], [model], change)


def test_a_bit_takes_half_a_cell_and_a_chain_another_half():
    text = to_rtlil(Both(14, 7), "top")
    assert len(re.findall(r"(?m)^ *cell \\CCU2C ", text)) == 8
