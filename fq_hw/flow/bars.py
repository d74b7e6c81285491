"""Bars, at a terminal, over what takes minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from fq_hw import golden, ir

__all__ = ["bar", "golden_labels", "share_bar"]

Item = TypeVar("Item")


def golden_labels(graph: ir.Graph, images: np.ndarray) -> np.ndarray:
    """``golden.labels`` with a bar: large networks take minutes."""
    from tqdm import tqdm

    with tqdm(total=len(images), desc="golden model", unit="image", disable=None) as bar:
        return golden.labels(graph, images, bar.update)


def bar(items: Iterable[Item], count: int, what: str, unit: str) -> Iterator[Item]:
    """So many items, with a bar."""
    from tqdm import tqdm

    return iter(tqdm(items, total=count, desc=what, unit=unit, disable=None))


@contextmanager
def share_bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar that is told which share of the work is done."""
    from tqdm import tqdm

    with tqdm(total=100, desc=what, unit="%", disable=None) as bar:
        yield lambda share: bar.update(100 * share - bar.n) and None
