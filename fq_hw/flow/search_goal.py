"""What a search of formats is asked for, and what is refused before any work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fq_hw.checkpoint import Checkpoint
from fq_hw.data import Data, DataKind, Split
from fq_hw.errors import require
from fq_hw.fixed.search import SearchConfig, Shape, Variant
from fq_hw.flow.calibration import calibration, with_copies
from fq_hw.plain import to_plain

__all__ = ["SearchGoal"]

SEARCHES = (Variant.LAYERWISE, Variant.INDEPENDENT)
LAYERWISE = (Variant.LAYERWISE,)


@dataclass(frozen=True, kw_only=True)
class SearchGoal:
    """What to search for, and which images to judge by.

    model        checkpoint of a float network that was trained with hold_out
    kind, path   the data, where not what it was trained on
    variant      and ``shape``, ``target``, ``bits``: as ``SearchConfig`` has them
    images       held-out images to judge by (default all); ``trained``: so many that it knows, too
    copies       how often to use each, moved by up to a pixel; ``mirror`` half of them
    hardest      the share of all these to judge by, those that the float network is least sure of
    equalize     first even out the channels of each layer's weights
    compensate   round weights so that the layer's sums change least
    second_look  afterwards take bits away one by one, after giving so many back
    out          file; beside it lies the log, by which ``resume`` goes on
    threads      of torch

    Errors call them as the command does: --second-look.
    """

    model: Path
    kind: DataKind | None = None
    path: Path | None = None
    variant: Variant = Variant.LAYERWISE
    shape: Shape | None = None
    target: float | None = None
    bits: int = SearchConfig.bits
    images: int | None = None
    trained: int = 0
    copies: int = 1
    mirror: bool = False
    hardest: float | None = None
    equalize: bool = False
    compensate: bool = False
    second_look: int | None = None
    out: Path | None = None
    resume: bool = False
    threads: int = 1

    @property
    def share(self) -> float:
        """Of all images, those to judge by."""
        return 1.0 if self.hardest is None else self.hardest

    def config(self) -> SearchConfig:
        """How to search; raises ParameterError, by name, for an option without effect."""
        for option, given, variants in (
            ("--target", self.target, SEARCHES),
            ("--resume", self.resume or None, SEARCHES),
            ("--hardest", self.hardest, SEARCHES),
            ("--shape", self.shape and self.shape.value, LAYERWISE),
            ("--second-look", self.second_look, LAYERWISE),
        ):
            contract = f"has no effect on --variant {self.variant.value}"
            require(given is None or self.variant in variants, option, contract, given)
        spare = self.second_look
        require(spare is None or 0 <= spare <= 8, "--second-look", "must be in 0..8", spare)
        some = 0 < self.share <= 1
        require(some, "--hardest", "must be above 0 and at most 1", self.share)
        require(self.copies >= 1, "--copies", "must be at least 1", self.copies)
        contract = "mirrors half of the copies, and there are none"
        moved = self.copies > 1 or not self.mirror
        require(moved, "--mirror", contract, hint="add --copies")
        plain = {"shape": self.shape, "target": self.target}
        given = {name: value for name, value in plain.items() if value is not None}
        return SearchConfig(variant=self.variant, bits=self.bits, **given)

    def held(self, trained: Checkpoint, images: Data) -> Split:
        """The images to judge by, with their copies."""
        held = calibration(trained, images, self.model, self.images, self.trained)
        return with_copies(held, self.copies, self.mirror) if self.copies > 1 else held

    def origin(self, images: Data, held: Split) -> dict:
        """All that a decision depends on."""
        return {
            "model": hashlib.sha256(self.model.read_bytes()).hexdigest(),
            "data": images.name,
            "images": len(held) // self.copies,
            "trained": self.trained,
            "copies": self.copies,
            "mirror": self.mirror,
            "hardest": self.share,
            "equalize": self.equalize,
            "compensate": self.compensate,
            "config": to_plain(self.config()),
        }
