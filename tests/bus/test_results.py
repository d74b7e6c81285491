"""Results to words: every width against both sizes of a number, best classes, stalls."""

from __future__ import annotations

import numpy as np
import pytest

from bus.choice import WIDTHS
from bus.geometry import FIELD_BITS, Geometry
from bus.results import ResultOutput
from bus.words import result_words
from fq_hw.schedule.units import ResultUnit
from rtl_gen.result import result_layout
from sim import pysim
from sim.results import result_beats
from sim.stalls import ONCE
from sim.vectors import Vectors

UNITS = [ResultUnit(classes=7, score_bits=20), ResultUnit(classes=9, score_bits=9, best=5)]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: f"best-{unit.best}")
@pytest.mark.parametrize("field_bits", FIELD_BITS)
@pytest.mark.parametrize("width", [*WIDTHS[:5], 1024])
def test_words_are_those_that_a_program_reads(unit, field_bits, width):
    one = Geometry(
        pixels=1, colours=1, classes=unit.classes, best=unit.best, field_bits=field_bits,
        in_bits=8, out_bits=width,
    )  # fmt: skip
    low = -(2 ** (unit.score_bits - 1))
    scores = np.random.default_rng(1).integers(low, -low, (3, unit.classes))
    scores[1, :2] = low, -low - 1
    beats = tuple(beat for row in scores for beat in result_beats(row, unit))
    rows = [result_words(row, one) for row in scores]
    words = [word | (n == len(row) - 1) << width for row in rows for n, word in enumerate(row)]
    part = pysim.Elaborated(ResultOutput(one, result_layout(unit)))
    for pauses in ONCE:
        moves = pysim.replay(part, Vectors(i={"i": beats}, o={"o": tuple(words)}), pauses)
        if set(pauses) == {"never"}:  # no cycle is lost
            busy = moves["o" if width <= field_bits else "i"]
            assert busy == list(range(busy[0], busy[0] + len(busy)))
