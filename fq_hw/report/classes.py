"""How many images of each class came out right, with the classes' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fq_hw.report.table import table

__all__ = ["class_rows", "class_table", "confusion"]

MOST = 20  # classes in a table; of more, those with the most errors


def confusion(truth: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """How many images of each class (row) got each answer (column)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, answers), 1)
    return table


def class_rows(
    names: Sequence[str], truth: np.ndarray, found: Mapping[str, np.ndarray]
) -> list[dict]:
    """A row for each class: label, name, images, and how many each of ``found`` has right."""
    rows = []
    for label, name in enumerate(names):
        here = truth == label
        right = {
            f"right, {how}": int((labels[here] == label).sum()) for how, labels in found.items()
        }
        rows.append({"label": label, "class": name, "images": int(here.sum())} | right)
    return rows


def class_table(rows: list[dict]) -> str:
    """The same as text; of many classes the MOST with most errors."""
    how = list(rows[0])[-1]
    shown = sorted(rows, key=lambda row: row[how] - row["images"])[:MOST]
    shown = rows if len(rows) <= MOST else shown
    text = table(tuple(rows[0]), [tuple(row.values()) for row in shown])
    return text if len(rows) <= MOST else f"{text}\n({MOST} of {len(rows)} classes: most errors)"
