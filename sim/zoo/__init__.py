"""Small units in corner cases, and what each kind must give: every test of a component uses them.

A row of ``UNITS`` is a unit by its name. The function of its kind, registered with ``make``, gives
its vectors: from the golden model where an op corresponds, else from NumPy on whole tensors.
Nothing here knows how a component works. Lanes that nothing reads hold noise, not zeros.
"""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.units import Unit
from sim.vectors import Vectors, make
from sim.zoo import arrays, beats, classes, convolution, engines, levels

__all__ = ["ZOO", "random_vectors"]

PLACES = (levels, beats, convolution, engines, arrays, classes)
ZOO: dict[str, Unit] = {name: unit for place in PLACES for name, unit in place.UNITS.items()}


def random_vectors(unit: Unit, frames: int = 3, seed: int = 1) -> Vectors:
    """Vectors of ``unit``: ``frames`` frames back to back, the same for a seed everywhere."""
    return make(unit, np.random.default_rng(seed), frames)
