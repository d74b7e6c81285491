"""Dot products: every family's form proven equal to the plain one, simulated, and counted."""

import itertools
import json
import operator
import re
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal
from dots import Forms, totals
from prove.solver import READ, yosys

from fq_hw.errors import FoldingError, ToolError
from fq_hw.family import FAMILIES as KNOWN
from fq_hw.schedule.two_tree import build
from rtl_gen.carry_ecp5 import init
from rtl_gen.dot_array import DotArray
from rtl_gen.dot_product import FAMILIES, DotProduct
from rtl_gen.emit import dot_instances, dots_rtlil, to_rtlil
from sim import primitives

CARRIES = tuple(family for family in FAMILIES if family not in ("plain", "gw5a"))
PRIMITIVES = Path(primitives.__file__).parent
TWINS = {family: str(PRIMITIVES / f"{family}.v") for family in CARRIES}
OTHERS = {  # the models that come with Yosys
    "ecp5": "+/lattice/ccu2c_sim.vh +/lattice/common_sim.vh",
    "gowin": "+/gowin/cells_sim.v",
    "ice40": "+/ice40/cells_sim.v",
}
with_both_models = pytest.mark.parametrize("models", [TWINS, OTHERS], ids=["twins", "yosys"])
PROOF = (
    READ + "sat -verify -seq {cycles} -prove-skip {stages} -prove plain_total {family}_total top\n"
)
SYNTHESIS = {
    "gowin": "synth_gowin -noiopads -family gw2a -top top",
    "ice40": "synth_ice40 -device u -top top",
}


def prove(folder, cases, models, change=lambda text: text):
    """Prove the forms of the families in ``models`` equal to the plain one, in one run of Yosys.

    ``cases`` are trees, each masked or not.

    ``models`` are those of the primitives; ``change`` may break the forms. Sums depend on the
    inputs of the last ``stages`` cycles alone, so they must be equal after as many, whatever the
    registers held before and whatever drives an open input.
    """
    script = ""
    for (tree, masked), (family, model) in itertools.product(cases, models.items()):
        name = f"{family}_{tree.lanes}_{tree.planes}_{tree.stages}_{'masked' * masked}"
        text = change(to_rtlil(Forms(tree, ("plain", family), masked), "top"))
        (folder / f"{name}.il").write_text(text)
        script += PROOF.format(
            name=name, family=family, model=model, cycles=tree.stages + 1, stages=tree.stages
        )
    yosys(folder, script)


@pytest.mark.synth
@with_both_models
@pytest.mark.parametrize("planes", [1, 2, 3])
def test_forms_are_equal(planes, models, tmp_path):
    kinds = [*((n, False) for n in range(1, 9)), *((n, True) for n in (1, 4, 7))]
    prove(tmp_path, [(build(n, planes, None), masked) for n, masked in kinds], models)


@pytest.mark.synth
@with_both_models
def test_pipelined_forms_are_equal(models, tmp_path):
    trees = [build(*size) for size in [(1, 1, 1), (4, 2, 1), (8, 2, 1), (8, 2, 2), (7, 3, 1)]]
    assert all(tree.stages for tree in trees)
    prove(tmp_path, [(tree, False) for tree in trees], models)


BREAKS = {  # a constant that a primitive gets, and what it becomes
    "ecp5": (r"(parameter \\INIT[01] 16'0110)1", r"\g<1>0"),
    "gowin": (r"(connect \\I3) 1'1", r"\1 1'0"),
    "ice40": (r"(parameter \\LUT_INIT 16'1100001)1", r"\g<1>0"),
}


@pytest.mark.synth
@with_both_models
@pytest.mark.parametrize("family", CARRIES)
def test_a_wrong_bit_is_found(family, models, tmp_path):
    def change(text):
        broken, count = re.subn(*BREAKS[family], text, count=1)
        assert count == 1
        return broken

    with pytest.raises(ToolError, match="proof did fail"):
        prove(tmp_path, [(build(6, 2, None), False)], {family: models[family]}, change)


@pytest.mark.verilator
@pytest.mark.parametrize(
    ("size", "masked"),
    [
        ((36, 3, 1), False),
        ((36, 3, 1), True),
        pytest.param((130, 2, 3), False, marks=pytest.mark.slow),
        ((9, 8, 2), True),
    ],
    ids=str,
)
def test_random_inputs(size, masked, programs, tmp_path):
    tree, rng = build(*size), np.random.default_rng(1)
    shape = (300, tree.planes, tree.lanes)
    share = np.resize([0.5, 0.02, 0.98, 0.0, 1.0], (300, 1, 1))
    signs, acts = (rng.random((2, *shape)) < share[:, None].swapaxes(0, 1)).astype(np.uint8)
    acts[::7], signs[::7] = 1 - signs[::7] * (not masked), signs[::7] | masked  # the largest sum
    weights = 2 ** np.arange(tree.planes)
    raw = signs & acts if masked else signs ^ acts
    want = (raw * weights[:, None]).sum(axis=(1, 2))
    assert want.max() == (2**tree.planes - 1) * tree.lanes and not want.min()
    got = totals(tree, FAMILIES, signs, acts, programs, tmp_path, masked)
    for family in FAMILIES:
        np.testing.assert_array_equal(got[family], want[: len(want) - tree.stages], family)


@pytest.mark.synth
@pytest.mark.parametrize(("family", "most"), [("gowin", 4.37), ("ice40", 4.37)])
def test_luts_per_mac(family, most, tmp_path):
    """LUT and carry cells of 64 lanes of 2 planes, at most ``most`` a MAC; plain takes more."""

    def count(form):
        tree = build(64, 2, 1)
        (tmp_path / "top.il").write_text(to_rtlil(DotProduct(tree, form), "top"))
        yosys(tmp_path, f"read_rtlil top.il\n{SYNTHESIS[family]}\ntee -q -o stat stat -json\n")
        cells = json.loads((tmp_path / "stat").read_text())["design"]["num_cells_by_type"]
        luts = sum(n for kind, n in cells.items() if re.search("LUT[1-4]$|^ALU$", kind))
        return luts / tree.lanes

    assert count(family) <= most < count("plain")


def test_ecp5_tables():
    """The two cells of the algebra with two raw bits, by hand; other inputs leave out terms."""
    tree = build(8, 2, None)
    raw = {init(p, operator.xor) for chain in tree.chains for p in chain if None not in p[1:3]}
    assert 0x6996 in raw  # A ^ B ^ C ^ D, and A ^ B to generate
    joints = {init(p, operator.xor) for chain in tree.chains for p in chain if p.joint}
    assert joints == {0x0000, 0x0606}  # nothing, or A ^ B to generate and 0 to select where C is 1


def test_equal_dot_products_share_a_module():
    tree, other = build(8, 2, 1), build(9, 3, 2)
    parts = {"plain": (tree, False), "again": (tree, False), "masked": (tree, True),
             "other": (other, False)}  # fmt: skip
    m = Module()
    for name, (of, masked) in parts.items():
        bits = of.planes * of.lanes
        signs, acts, total = Signal(bits), Signal(bits), Signal(of.sum_bits)
        array = DotArray(m, of, "ecp5", masked=masked, kept=False)
        m.d.comb += total.eq(array.dot(signs, acts, name))
    design = Fragment.get(m, None)
    text = dots_rtlil(design, "top.")
    assert re.findall(r"(?m)^module (\S+)", text) == [
        r"\top.dot_ecp5_8_2_1", r"\top.dot_ecp5_9_3_2", r"\top.mask_ecp5_8_2_1"
    ]  # fmt: skip
    assert [i.dot.masked for i in dot_instances(design)] == [False, False, True, False]


def test_refuses_a_family_without_a_form():
    message = r"^DotProduct: family must be one of plain, ecp5, gw5a, gowin, ice40 \(got 'xc7'\)$"
    with pytest.raises(FoldingError, match=message):
        DotProduct(build(4, 2), "xc7")


def test_arora_v_has_the_chains_of_gowin():
    """So that what is proven of the one holds for the other."""
    assert KNOWN["gw5a"].carry == KNOWN["gowin"].carry
