"""Parameters that come in after a reset. The rest: test_every_component."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fq_hw.errors import SimulationError
from fq_hw.schedule.units import ParameterUnit
from rtl_gen.component import Target
from rtl_gen.parameters import Parameters, fill_beats
from sim import pysim
from sim.stalls import ONCE
from sim.vectors import Vectors
from sim.zoo import ZOO, random_vectors


class Endless(Vectors):
    """Words for ever, though something comes in once."""

    endless = True


UNITS = {name: unit for name, unit in ZOO.items() if isinstance(unit, ParameterUnit)}


def filled(unit: ParameterUnit) -> tuple[Parameters, Endless]:
    """Its component without constants, and what must come in and out."""
    plain = random_vectors(unit)
    beats = tuple(fill_beats(plain.contents))
    part = Parameters(unit, plain.contents, Target(family=None, preloaded=False))
    return part, Endless(i={"i_fill": beats}, o=plain.o, late=plain.late)


@pytest.mark.parametrize("pauses", ONCE, ids="-".join)
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_words_come_when_all_are_in(unit, pauses):
    part, vectors = filled(unit)
    cycles = pysim.replay(part, vectors, pauses)
    least = cycles["i_fill"][-1] + 1 + unit.latency()
    assert cycles["o"][0] >= least and (cycles["o"][0] == least or pauses[1] != "never")


def test_a_wrong_beat_is_seen():
    part, vectors = filled(UNITS["parameters"])
    first, *others = vectors.i["i_fill"]
    with pytest.raises(SimulationError, match=r"^o beat 0: must be "):
        pysim.replay(part, replace(vectors, i={"i_fill": (first ^ 1, *others)}))


def test_wide_words_come_in_pieces_lowest_first():
    bits = np.zeros((2, 33), np.uint8)
    bits[0, 0] = bits[0, 17] = bits[1, 32] = 1
    assert fill_beats(bits) == [1, 2, 0, 0, 0, 1]
