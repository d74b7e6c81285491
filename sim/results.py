"""Results as the beats that leave an accelerator, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fq_hw.errors import SimulationError, require
from fq_hw.golden import best_classes
from fq_hw.schedule.units import ResultKind, ResultUnit

__all__ = ["result_beats", "scores_of"]


def kinds(unit: ResultUnit) -> list[ResultKind]:
    """What each beat of a result is."""
    others = [ResultKind.NEXT] * (unit.best - 1)
    return [*[ResultKind.SCORE] * unit.classes, ResultKind.LABEL, *others]


def result_beats(scores: np.ndarray, unit: ResultUnit) -> list[int]:
    """The beats of a result by the ``scores`` of its classes, their fields as in the hardware."""
    numbers = [*scores.tolist(), *best_classes(scores, unit.best).tolist()]
    mask, last = (1 << unit.data_bits) - 1, unit.beats_out - 1
    above = [kind | (place == last) << unit.KIND_BITS for place, kind in enumerate(kinds(unit))]
    pairs = zip(numbers, above, strict=True)
    return [number & mask | flags << unit.data_bits for number, flags in pairs]


def scores_of(beats: Sequence[int], unit: ResultUnit, where: str) -> np.ndarray:
    """Scores (frames,classes) of whole results.

    Raises SimulationError unless the label and what comes next are the classes that these scores
    ask for, and every beat says what it is.
    """
    half = 1 << (unit.data_bits - 1)
    data = [((beat & 2 * half - 1) ^ half) - half for beat in beats]
    scores = np.array(data, np.int64).reshape(-1, unit.beats_out)[:, : unit.classes]
    wanted = [beat for row in scores for beat in result_beats(row, unit)]
    contract = "must give scores, the classes of the highest of them, and what each beat is"
    for place, (beat, want) in enumerate(zip(beats, wanted, strict=True)):
        same = beat == want
        require(same, where, f"{contract}; beat {place} must be {want:#x}", f"{beat:#x}",
                kind=SimulationError)  # fmt: skip
    return scores
