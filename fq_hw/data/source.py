"""What a network was trained on: a record that its files carry from training to the hardware."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.data.dataset import DataKind
from fq_hw.data.split import Data
from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_line, check_path

__all__ = ["Source", "check_classes"]

LONGEST = 240  # characters of a contract that lists classes
MOST_CLASSES = 2**16


@dataclass(frozen=True, kw_only=True)
class Source:
    """The images and classes that a network knows.

    Fields  path: as the configuration has it; a relative one is relative to the working directory
            image: height, width, colours
            classes: the name of every label, label 0 first
    """

    kind: DataKind
    path: str | None = None
    image: tuple[int, int, int]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        named = 2 <= len(self.classes) <= MOST_CLASSES and min(self.image) >= 1
        contract = f"needs an image size and the names of 2..{MOST_CLASSES} classes"
        require(named, "trained on", contract, (self.image, self.classes), kind=ArtifactError)
        if self.path is not None:
            check_path(self.path, "trained on")
        for label, name in enumerate(self.classes):
            check_line(name, f"trained on, class {label}")

    def check(self, image: tuple[int, int, int], classes: int, where: str) -> None:
        """Refuse to be of a network of other images or another number of classes."""
        contract = f"the data it was trained on must have images of {image} and {classes} classes"
        found = (self.image, len(self.classes))
        require(found == (image, classes), where, contract, found, kind=ArtifactError)


def check_classes(data: Data, network: str, count: int, known: tuple[str, ...] | None) -> None:
    """Refuse a set whose classes are not those of ``network``, which gives ``count`` scores.

    ``known``: the names of its classes, where its file has them.
    """
    where, hint = f"data {data.name}", "name the data it was trained on with --data and --path"
    contract = f"needs {count} classes, as {network} has {count} scores"
    found = len(data.classes)
    require(found == count, where, contract, found, hint=hint, kind=ArtifactError)
    contract = f"classes must be those of {network}, in their order: {', '.join(known or ())}"
    contract = contract if len(contract) < LONGEST else f"{contract[: LONGEST - 4]} ..."
    same = known is None or data.classes == known
    require(same, where, contract, data.classes, hint=hint, kind=ArtifactError)
