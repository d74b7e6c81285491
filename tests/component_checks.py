"""What holds for every component, whoever's row of a zoo it is: each check takes a unit."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from fq_hw.errors import GraphError
from fq_hw.schedule.resources import prices, resources
from fq_hw.schedule.units import Unit
from rtl_gen.component import component, component_of
from sim import pysim
from sim.prediction import predict
from sim.stalls import GRID
from sim.vectors import Vectors
from sim.zoo import random_vectors

__all__ = ["CHECKS", "GRID", "golden_beats_in_the_cycles_of_the_model"]

NEVER = ("never", "never")


@functools.cache
def elaborated(unit: Unit) -> tuple[Vectors, pysim.Elaborated]:
    """Vectors and component, elaborated once for all checks."""
    vectors = random_vectors(unit)
    return vectors, pysim.Elaborated(component(unit, vectors.contents))


@functools.cache
def replay(unit: Unit, pauses: tuple[str, str] = NEVER) -> tuple[Vectors, dict[str, list[int]]]:
    """The vectors and the cycles of their transfers."""
    vectors, part = elaborated(unit)
    return vectors, pysim.replay(part, vectors, pauses)


def golden_beats_in_the_cycles_of_the_model(unit: Unit, pauses: tuple[str, str]) -> None:
    vectors, cycles = replay(unit, pauses)
    assert cycles == predict(unit, vectors, pauses)


def valid_waits_for_no_ready(unit: Unit) -> None:
    vectors, part = elaborated(unit)
    later = {"o_trunk"} & set(vectors.o)  # what comes back makes what comes out
    for held in filter(None, (set(vectors.o) - later, later)):
        blocked = pysim.block(part, vectors, held)
        assert all(blocked[port] for port in held)


def latency(unit: Unit) -> None:
    vectors, cycles = replay(unit)
    assert set(unit.latency_from) <= set(vectors.i) == set(unit.ins)
    since = max((cycles[port][beat] for port, beat in unit.latency_from.items()), default=0)
    results = set(vectors.o) - {"o_trunk"}  # what an array makes of itself comes before
    assert {cycles[port][0] - since for port in results} == {unit.latency()}


def interval(unit: Unit) -> None:
    """A frame takes ``beats`` cycles; units that wait for their pixels take more."""
    if unit.beats:
        vectors, cycles = replay(unit)
        taken = cycles["o"]
        found = taken[-1] - taken[-1 - len(taken) // vectors.frames]
        assert found >= unit.beats if unit.WAITS else found == unit.beats


def contents_of_another_shape_are_refused(unit: Unit) -> None:
    """A threshold's levels that were meant for its ROM would vanish without a word."""
    contents, shape = random_vectors(unit).contents, unit.contents
    assert type(component(unit, contents)) is component_of(type(unit))
    wrong = [np.ones((3, 4, 5, 6), np.uint8)] if contents is None else [None, contents[..., 1:]]
    contract = f"needs contents of shape {shape}" if shape else "takes no contents"
    for filling in wrong:
        got = None if filling is None else filling.shape
        said = re.escape(f"{type(unit).__name__}: {contract} (got {got})")
        with pytest.raises(GraphError, match=f"^{said}$"):
            component(unit, filling)


def every_term_has_a_price(unit: Unit) -> None:
    made, price = unit.parts(), prices("ecp5").get(type(unit).__name__, {})
    assert set(made.lut) <= set(price.get("lut", ()))
    assert set(made.ff) <= set(price.get("ff", ()))
    need = resources(unit)
    assert need.lut >= 0 and need.ff >= 0 and need.ebr >= 0


CHECKS = (
    valid_waits_for_no_ready,
    latency,
    interval,
    contents_of_another_shape_are_refused,
    every_term_has_a_price,
)
