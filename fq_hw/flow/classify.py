"""Pictures of a user's own: the golden model's answer to each, or the simulated Verilog's."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden
from fq_hw.data.folder import check_colours, picture_files
from fq_hw.data.pictures import Pictures
from fq_hw.data.video import frames
from fq_hw.errors import ArtifactError, SimulationError, ToolError, require
from fq_hw.flow.hardware import Hardware
from fq_hw.flow.simulate import FRAMES, check_cycles, simulated
from fq_hw.schedule import timing

if TYPE_CHECKING:
    from fq_hw.flow.design import Design
    from fq_hw.flow.model import Model
    from sim.network import Run

__all__ = [
    "On",
    "Seen",
    "check_answerable",
    "check_hardware",
    "classify",
    "open_pictures",
    "open_video",
]

TOP = 5
MOST_SIMULATED = 1_000  # pictures, in memory and in a file of the simulation


class On(enum.Enum):
    """What answers."""

    GOLDEN = "golden"
    SIM = "sim"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A picture and the answer to it.

    scores     an integer for each class; the largest one wins, of equal ones the first
    seconds    that the golden model took for it
    cycle      in which the simulated Verilog gave its scores, which are the same; cycle 0 is the
               first after reset, and the pictures go in back to back. None where it did not run
    predicted  the same by the cycle model; of the first pictures
    """

    picture: str
    classes: tuple[str, ...]
    scores: tuple[int, ...]
    seconds: float
    cycle: int | None = None
    predicted: int | None = None

    @property
    def label(self) -> int:
        """Number of the class."""
        return int(np.argmax(self.scores))

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.classes[self.label]

    def top(self, count: int = TOP) -> list[tuple[str, int]]:
        """The classes of the highest scores, with these."""
        order = np.argsort(-np.array(self.scores), kind="stable")[:count]
        return [(self.classes[label], self.scores[label]) for label in order]

    def data(self) -> dict:
        """The same for machines."""
        return {
            "picture": self.picture,
            "label": self.label,
            "class": self.name,
            "top": [{"class": name, "score": score} for name, score in self.top()],
            "scores": list(self.scores),
            "golden ms": 1000 * self.seconds,
            "cycle": self.cycle,
            "cycle, predicted": self.predicted,
        }


def check_hardware(on: On, hardware: Hardware) -> None:
    """Refuse, by their names, options of a hardware that does not run."""
    if on is not On.SIM:
        hardware.refuse("is of the Verilog, which does not run here", hint="add --on sim")


def check_answerable(model: Model) -> None:
    """Refuse a model that can say nothing of a picture.

    Raises ArtifactError where its weights are random, ParameterError where its images have no
    colours of a picture, ToolError where nothing reads pictures.
    """
    where = f"model {model.name!r}"
    check_colours(model.image, where)
    contract = "has random weights, and would answer at random"
    hint = "train it and name the checkpoint"
    require(model.weights is None, where, contract, hint=hint, kind=ArtifactError)
    contract, hint = "needs pillow to read pictures", "install it with: pip install -e '.[data]'"
    require(find_spec("PIL") is not None, where, contract, hint=hint, kind=ToolError)


def open_pictures(model: Model, paths: Sequence[Path]) -> Pictures:
    """Pictures, and all those below folders, as ``model`` sees them; they are read one by one.

    Each is brought to the network's size as pictures of a data set are. Raises ArtifactError for a
    name that is no picture's, ParameterError where the network's images have no such colours.
    """
    check_answerable(model)
    return Pictures(files=picture_files(paths), image=model.image)


def open_video(model: Model, source: Path) -> Iterator[np.ndarray]:
    """Pictures of a film or a camera, as ``model`` sees them, read one by one; errors as above."""
    check_answerable(model)
    return frames(source, model.image)


def classify(
    model: Model,
    pictures: Pictures,
    design: Design | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[list[Seen], Run | None]:
    """What the golden model says of each picture and, where there is a design, its Verilog too.

    Raises ArtifactError for a picture that cannot be read, SimulationError where a score or a cycle
    of the Verilog is not what golden model and cycle model say.
    """
    from tqdm import tqdm

    last, found = model.graph.ops[-2].name, []
    bar = tqdm(pictures, desc="golden model", unit="picture", disable=None)
    for file, image in zip(pictures.files, bar, strict=True):
        began = time.perf_counter()
        scores = golden.run(model.graph, image[None])[last].reshape(-1)
        seconds = time.perf_counter() - began
        found.append(Seen(picture=str(file), classes=model.classes, seconds=seconds,
                          scores=tuple(scores.tolist())))  # fmt: skip
    if design is None:
        return found, None
    return simulate(design, pictures, found, report)


def simulate(
    design: Design, pictures: Pictures, seen: list[Seen], report: Callable[[str], None]
) -> tuple[list[Seen], Run]:
    """Send the pictures through the Verilog, and add the cycles of the answers."""
    few = len(pictures) <= MOST_SIMULATED
    contract = f"at most {MOST_SIMULATED:,} pictures are simulated at a time"
    require(few, "--on sim", contract, len(pictures), hint="name fewer")
    where = f"rtl-sim {design.model.name!r}"
    report("cycle model")
    predicted = timing.simulate(design.plan, min(max(len(pictures), 2), FRAMES))
    ran = simulated(design.plan, pictures[:], predicted.interval, report)
    for one, scores in zip(seen, ran.scores.tolist(), strict=True):
        contract = f"the scores of {one.picture} must be the golden model's, {one.scores}"
        require(tuple(scores) == one.scores, where, contract, scores, kind=SimulationError)
    check_cycles(where, predicted, ran)
    known = (*predicted.results[: len(seen)], *[None] * (len(seen) - len(predicted.results)))
    rows = zip(seen, ran.results, known, strict=True)
    return [replace(one, cycle=cycle, predicted=model) for one, cycle, model in rows], ran
