"""The Verilog of all components for cocotb, in a few programs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from zoo_groups import GROUPS

from rtl_gen.component import component
from rtl_gen.emit import to_verilog
from sim import components
from sim.stalls import ONCE
from sim.vectors import Vectors
from sim.zoo import ZOO, random_vectors

Replay = Callable[[Mapping[str, Vectors], Path, Sequence[tuple[str, str]]], dict[str, str]]


@functools.cache
def zoo_program(names: tuple[str, ...]) -> Path:
    """The Verilog of some units, compiled; kept from run to run."""
    parts = {name: component(ZOO[name], random_vectors(ZOO[name]).contents) for name in names}
    text = to_verilog(components.Collection(parts), components.TOP)
    return components.build(text, Path(__file__).parents[2] / "build" / "cocotb")


@pytest.fixture(scope="session")
def replay() -> Replay:
    """``components.replay`` of any of the zoo's units."""

    def run(
        vectors: Mapping[str, Vectors], folder: Path, grid: Sequence[tuple[str, str]]
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, group in enumerate(GROUPS):
            some = {name: vectors[name] for name in group if name in vectors}
            if some:
                place = folder / str(number)
                place.mkdir()
                found |= components.replay(zoo_program(group), some, place, grid)
        return found

    return run


@pytest.fixture(scope="session")
def verilog_problem(replay, tmp_path_factory) -> Callable[[str], str]:
    """What that says of a unit under stalls on both sides; Amaranth has seen more."""
    (stalls,) = ONCE[-1:]

    @functools.cache
    def of(group: tuple[str, ...]) -> dict[str, str]:
        vectors = {name: random_vectors(ZOO[name]) for name in group}
        return replay(vectors, tmp_path_factory.mktemp("cocotb"), [stalls])

    def problem(name: str) -> str:
        group = next(group for group in GROUPS if name in group)
        return of(group)[f"{name}/{'/'.join(stalls)}"]

    return problem
