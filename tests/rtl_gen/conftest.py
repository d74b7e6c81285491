"""The Verilog of all components for cocotb, in a few programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from rtl_gen.component import component
from rtl_gen.emit import to_verilog
from sim import components
from sim.stalls import ONCE
from sim.vectors import Vectors
from sim.zoo import ZOO, random_vectors

PROGRAMS = 8  # all parts of a program are computed in every cycle of each of them

Replay = Callable[[Mapping[str, Vectors], Path, Sequence[tuple[str, str]]], dict[str, str]]


@pytest.fixture(scope="session")
def replay() -> Replay:
    """``components.replay`` of any of the zoo's units, whose programs are kept from run to run."""
    names = list(ZOO)
    groups = [names[n::PROGRAMS] for n in range(PROGRAMS)]
    programs = [zoo_program(group) for group in groups]

    def run(
        vectors: Mapping[str, Vectors], folder: Path, grid: Sequence[tuple[str, str]]
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, (group, program) in enumerate(zip(groups, programs, strict=True)):
            some = {name: vectors[name] for name in group if name in vectors}
            if some:
                (folder / str(number)).mkdir()
                found |= components.replay(program, some, folder / str(number), grid)
        return found

    return run


def zoo_program(names: Sequence[str]) -> Path:
    """The Verilog of some units, compiled."""
    parts = {name: component(ZOO[name], random_vectors(ZOO[name]).contents) for name in names}
    text = to_verilog(components.Collection(parts), components.TOP)
    return components.build(text, Path(__file__).parents[2] / "build" / "cocotb")


@pytest.fixture(scope="session")
def verilog_problems(replay, tmp_path_factory) -> dict[str, str]:
    """What that says of each unit under stalls on both sides; Amaranth has seen more."""
    vectors = {name: random_vectors(unit) for name, unit in ZOO.items()}
    (stalls,) = ONCE[-1:]
    found = replay(vectors, tmp_path_factory.mktemp("cocotb"), [stalls])
    return {name: found[f"{name}/{'/'.join(stalls)}"] for name in ZOO}
