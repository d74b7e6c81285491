"""Results: labels and what follows by hand, refusals. The rest: test_every_component."""

import numpy as np
import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.units import ResultChainUnit, ResultUnit
from rtl_gen.component import component
from sim import pysim
from sim.vectors import Vectors, pack

LOW, HIGH = -(2**7), 2**7 - 1


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ((5, 5, 5), (0, 1, 2)),
        ((1, 5, 5), (1, 2, 0)),
        ((5, 1, 5), (0, 2, 1)),
        ((12, 12, 7), (0, 1, 2)),
        ((-4, -2, -3), (1, 2, 0)),
        ((LOW, LOW, LOW), (0, 1, 2)),
        ((LOW, HIGH, LOW), (1, 0, 2)),
        ((0, -1, 15), (2, 0, 1)),
        ((1, 2, 3), (2, 1, 0)),
        ((5, 5, 9), (2, 0, 1)),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", [ResultUnit, ResultChainUnit])
def test_of_equal_scores_that_of_the_lower_class_comes_first(scores, best, count, kind):
    unit = kind(classes=3, score_bits=8, best=count)
    beats = [score & 0xFF for score in scores]  # kind 0
    beats += [label | (1 if place == 0 else 2) << 8 for place, label in enumerate(best[:count])]
    beats[-1] |= 1 << 10  # last
    i = pack(np.array(scores)[:, None], 8)
    pysim.replay(component(unit), Vectors(i={"i": i * 2}, o={"o": tuple(beats) * 2}))


@pytest.mark.parametrize("best", [0, 4])
def test_refuses_more_best_classes_than_there_are(best):
    said = rf"^ResultUnit: best must be in 1\.\.3 classes \(got {best}\)$"
    with pytest.raises(FoldingError, match=said):
        ResultUnit(classes=3, score_bits=8, best=best)
