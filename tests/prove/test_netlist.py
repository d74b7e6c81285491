"""Primitives as ``prove.netlist`` has them: for every input what the models in Verilog give."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from prove.netlist import CELLS, parse
from prove.solver import yosys
from prove.sums import pattern
from sim import primitives

pytestmark = pytest.mark.synth
SCRIPT = """read_verilog -defer {model}
hierarchy -top {cell} {parameters}
rename -top top
proc
flatten
techmap
abc -g AND
opt_clean
write_json cell.json
"""
FOLDER = Path(primitives.__file__).parent
TABLES = [0x6996, 0x0606, *(random.Random(1).getrandbits(16) for _ in range(3))]
CASES = {
    "CCU2C": ("ecp5", [{"INIT0": one, "INIT1": other}
                       for one, other in zip(TABLES, TABLES[1:], strict=False)]),
    "ALU": ("gowin", [{"ALU_MODE": 2}]),
    "SB_CARRY": ("ice40", [{}]),
    "SB_LUT4": ("ice40", [{"LUT_INIT": one} for one in TABLES]),
}  # fmt: skip


@pytest.mark.parametrize("cell", CASES)
def test_a_primitive_is_its_model(cell, tmp_path):
    family, settings = CASES[cell]
    for parameters in settings:
        said = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
        model = FOLDER / f"{family}.v"
        yosys(tmp_path, SCRIPT.format(model=model, cell=cell, parameters=said))
        netlist = parse((tmp_path / "cell.json").read_text())
        outs = {"S0", "S1", "COUT", "SUM", "CO", "O"} & {*netlist.names}
        ins = [name for name in netlist.names if name.isupper() and name not in outs]
        assert outs and len(ins) >= 3
        ones = (1 << (1 << len(ins))) - 1
        values = {name: pattern(n, 1 << len(ins)) for n, name in enumerate(ins)}
        texts = {name: f"{value:b}" for name, value in parameters.items()}
        for out in outs:
            known = {netlist.names[name][0]: value for name, value in values.items()}
            want = netlist.value(netlist.names[out][0], known, ones)
            assert CELLS[cell](out, values.__getitem__, texts, ones) == want, (out, parameters)
