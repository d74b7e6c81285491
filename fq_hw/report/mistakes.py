"""Where a classifier is wrong, as a picture: its confusion matrix and its worst mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Mistake", "save"]

NUMBERED = 20  # classes whose counts have room in their cells
NAMED = 50  # classes whose names have room beside the axes
ACROSS = 6  # images in a row
LONGEST = 14  # characters of a name
BESIDE = 14  # characters of two names in a line above an image


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """An image that got another answer than the truth; ``margin`` is between their scores.

    truth, answer  numbers of classes
    """

    image: np.ndarray
    truth: int
    answer: int
    margin: int


def drawable(classes: Sequence[str]) -> list[str]:
    """The names, or the numbers of the classes whose names the font has no letters for."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties())).get_charmap()
    return [
        name if all(ord(letter) in known for letter in name) else f"class {label}"
        for label, name in enumerate(classes)
    ]


def short(name: str) -> str:
    """A name that fits; a dollar sign would begin a formula."""
    plain = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    return plain.replace("$", r"\$")


def save(
    path: Path,
    confusion: np.ndarray,
    classes: Sequence[str],
    worst: Sequence[Mistake],
    title: str,
) -> None:
    """Draw them; ``confusion`` counts images by truth (row) and answer (column)."""
    from matplotlib.figure import Figure

    classes = drawable(classes)
    rows = max(math.ceil(len(worst) / ACROSS), 1)
    size = 6.4 if len(classes) <= NUMBERED else 8.0
    figure = Figure(figsize=(size + 1.45 * ACROSS, max(size, 1.85 * rows)), layout="constrained")
    halves = figure.subfigures(1, 2, squeeze=False, width_ratios=[size, 1.45 * ACROSS])
    matrix, images = halves[0]
    figure.suptitle(title.replace("$", r"\$"))
    draw_confusion(matrix.subplots(), confusion, classes)
    if not worst:
        images.text(0.5, 0.5, "no mistakes", ha="center", va="center", fontsize=14)
    else:
        total = int(confusion.sum() - np.trace(confusion))
        images.suptitle(
            f"the {len(worst)} worst of {total:,} mistakes: truth \N{RIGHTWARDS ARROW} answer, and "
            "by how much its score is higher",
            fontsize=10,
        )
        for axes, one in zip(
            images.subplots(rows, ACROSS, squeeze=False).flat, worst, strict=False
        ):
            grey = one.image.shape[-1] == 1
            axes.imshow(one.image[..., 0] if grey else one.image, cmap="gray", vmin=0, vmax=255)
            truth, answer = short(classes[one.truth]), short(classes[one.answer])
            gap = " " if len(truth) + len(answer) <= BESIDE else "\n"
            told = f"{truth}{gap}\N{RIGHTWARDS ARROW} {answer}\n{one.margin:,}"
            axes.set_title(told, fontsize=8)
        for axes in images.axes:
            axes.set_axis_off()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def draw_confusion(axes, confusion: np.ndarray, classes: Sequence[str]) -> None:
    """The matrix: shades are shares of a row, what is right apart from what is wrong."""
    count = len(classes)
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    wrong = share * ~np.eye(count, dtype=bool)
    shown = axes.imshow(np.where(np.eye(count, dtype=bool), np.nan, 100 * wrong), cmap="Reds",
                        vmin=0, vmax=max(100 * wrong.max(), 1))  # fmt: skip
    axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="% of the class (mistakes)")
    axes.set(xlabel="answer of the network", ylabel="truth", facecolor="#e8f0e8")
    step = 1 if count <= NAMED else math.ceil(count / NAMED)
    ticks = range(0, count, step)
    names, small = [short(classes[n]) for n in ticks], 9 if count <= NUMBERED else 6
    turned = 0 if max(map(len, names)) <= 2 else 90
    axes.set_xticks(ticks, names, rotation=turned, fontsize=small)
    axes.set_yticks(ticks, names, fontsize=small)
    if count <= NUMBERED:
        dark = 0.6 * max(wrong.max(), 0.01)
        for (row, column), images in np.ndenumerate(confusion):
            if images:
                ink = "white" if wrong[row, column] > dark else "black"
                bold = "bold" if row == column else "normal"
                axes.text(column, row, f"{images:,}", ha="center", va="center", color=ink,
                          fontsize=8 if count <= NUMBERED / 2 else 6.5, weight=bold)  # fmt: skip
