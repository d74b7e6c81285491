"""What the golden model makes of a test split, and a picture of where it is wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fq_hw import golden
from fq_hw.data import Split
from fq_hw.errors import ToolError, require
from fq_hw.files import check_output, writing
from fq_hw.flow.model import Model
from fq_hw.report import mistakes
from fq_hw.report.classes import confusion

__all__ = ["Tested", "check_mistakes", "save_mistakes", "test"]

SHOWN = 24  # of the worst


@dataclass(frozen=True, kw_only=True, eq=False)
class Tested:
    """Scores of the golden model, N,classes, of the images of ``split``; seconds for all."""

    split: Split
    scores: np.ndarray
    seconds: float

    @property
    def labels(self) -> np.ndarray:
        """The class of each image: that of its largest score."""
        return self.scores.argmax(axis=1)

    @property
    def right(self) -> int:
        """How many of them are right."""
        return int((self.labels == self.split.labels).sum())

    @property
    def margins(self) -> np.ndarray:
        """By how much the score of the answer is above that of the truth; 0 where it is right."""
        rows, truth = np.arange(len(self.scores)), self.split.labels
        return self.scores[rows, self.labels] - self.scores[rows, truth]

    def worst(self, count: int) -> np.ndarray:
        """Numbers of the images that are wrong by the largest margin, worst first."""
        wrong = np.flatnonzero(self.labels != self.split.labels)
        return wrong[np.argsort(-self.margins[wrong], kind="stable")][:count]

    def confusion(self) -> np.ndarray:
        """How many images of each class (row) got each answer (column)."""
        return confusion(self.split.labels, self.labels, self.scores.shape[1])


def test(model: Model, split: Split) -> Tested:
    """Run the golden model, with a bar: large networks take minutes."""
    from tqdm import tqdm

    last, found = model.graph.ops[-2].name, []
    began = time.perf_counter()
    with tqdm(total=len(split), desc="golden model", unit="image", disable=None) as bar:
        for tensors in golden.batches(model.graph, split.images):
            found.append(tensors[last].reshape(len(tensors[last]), -1))
            bar.update(len(found[-1]))
    seconds = time.perf_counter() - began
    return Tested(split=split, scores=np.concatenate(found), seconds=seconds)


def check_mistakes(path: Path) -> None:
    """Refuse, before any work, a file that cannot be written or drawn."""
    png = path.suffix.lower() == ".png"
    require(png, f"--mistakes {path}", "is written as a PNG", path.suffix, hint="name FILE.png")
    check_output(path, f"--mistakes {path}")
    drawn = find_spec("matplotlib") is not None
    message = "needs matplotlib; install it with: pip install -e '.[plots]'"
    require(drawn, "--mistakes", message, kind=ToolError)


def save_mistakes(path: Path, tested: Tested, classes: Sequence[str], title: str) -> None:
    """Draw the confusion matrix and the worst mistakes. Raises as ``check_mistakes``."""
    check_mistakes(path)
    worst = tested.worst(SHOWN)
    rows = [
        mistakes.Mistake(
            image=tested.split.images[int(number)],
            truth=int(tested.split.labels[number]),
            answer=int(tested.labels[number]),
            margin=int(tested.margins[number]),
        )
        for number in worst
    ]
    with writing(path, f"--mistakes {path}") as partial:
        mistakes.save(partial, tested.confusion(), classes, rows, title)
