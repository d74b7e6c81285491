"""Bars, at a terminal, over what takes minutes."""

from __future__ import annotations

import numpy as np

from fq_hw import golden, ir

__all__ = ["golden_labels"]


def golden_labels(graph: ir.Graph, images: np.ndarray) -> np.ndarray:
    """``golden.labels`` with a bar: large networks take minutes."""
    from tqdm import tqdm

    with tqdm(total=len(images), desc="golden model", unit="image", disable=None) as bar:
        return golden.labels(graph, images, bar.update)
