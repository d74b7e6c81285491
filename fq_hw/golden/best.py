"""The order of classes by their scores."""

from __future__ import annotations

import numpy as np

__all__ = ["best_classes"]


def best_classes(scores: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` classes of the highest ``scores`` (...,classes), best first: (...,count).

    Of equal scores that of the lower class comes first, as ArgMax has it.
    """
    return np.argsort(-scores, axis=-1, kind="stable")[..., :count]
