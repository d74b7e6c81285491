"""One Verilator build and one run of cocotb for the tests of all components."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtl_gen.component import component
from rtl_gen.emit import to_verilog
from sim import components
from sim.stalls import ONCE
from sim.zoo import ZOO, random_vectors


@pytest.fixture(scope="session")
def zoo_program() -> Path:
    """The zoo's Verilog, compiled; kept from run to run."""
    contents = {name: random_vectors(unit).contents for name, unit in ZOO.items()}
    parts = {name: component(unit, contents[name]) for name, unit in ZOO.items()}
    text = to_verilog(components.Collection(parts), components.TOP)
    return components.build(text, Path(__file__).parents[2] / "build" / "cocotb")


@pytest.fixture(scope="session")
def verilog_problems(zoo_program, tmp_path_factory) -> dict[str, str]:
    """What ``components.replay`` says of the whole zoo: Amaranth's simulator has seen the grid."""
    vectors = {name: random_vectors(unit) for name, unit in ZOO.items()}
    return components.replay(zoo_program, vectors, tmp_path_factory.mktemp("cocotb"), ONCE)
