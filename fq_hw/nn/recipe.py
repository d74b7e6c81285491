"""How a network is trained: the table [train] of a configuration."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fq_hw.errors import require
from fq_hw.nn.direct import WeightUpdate
from fq_hw.nn.embeddings import TableStart

__all__ = ["Keep", "Precision", "Side", "TrainConfig"]


MOST = {  # of what has no limit by its nature: beyond it is a slip of the pen
    "epochs": 10**6, "batch": 2**16, "lr": 1_000, "weight_decay": 1_000, "adam_eps": 1_000,
    "ewgs_delta": 1_000, "crop": 2**12, "hold_out": 2**31, "validation": 2**31, "workers": 2**8,
    "seed": 2**31 - 1,
}  # fmt: skip


class Precision(enum.Enum):
    """Number format of feature maps during training."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Keep(enum.Enum):
    """Which epoch's weights a run keeps: the last one's, or those best on its validation images."""

    LAST = "last"
    BEST = "best"


@dataclass(frozen=True, kw_only=True)
class Side:
    """From an epoch on, images in training are squares of so many pixels.

    Fields  epoch: the first of these, from 0; side: pixels
    """

    epoch: int
    side: int

    def __post_init__(self) -> None:
        require(self.epoch >= 0, "Side", "epoch must not be negative", self.epoch)
        inside = 8 <= self.side <= MOST["crop"]
        require(inside, "Side", f"side must be in 8..{MOST['crop']:,}", self.side)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train, with Adam.

    Fields  epochs: passes over the training images; batch: images of a step
            lr: highest learning rate, for a batch of 256; it scales with the batch
            weight_decay, adam_eps: of the optimizer
            crop: pixels of random shift (zero filled); flip: mirror half of the images
            crop_area: least share of a picture's area that is shown, stretched by up to 4:3 and
            scaled; 0 shows all
            sides: sizes of these crops, which may grow with the epochs;
            accuracies are always of the network's own size
            label_smoothing: share of a label that all classes have in common
            hold_out: so many training images, left out so that a search may judge by them
            validation: so many more, or a share (0.1), left out to judge every epoch by; of each
            class its share
            keep: last, or best: the weights of the epoch that is best on the validation images
            workers: processes that read pictures of sets too large for memory
            ewgs_delta: EWGS gradient scaling in every activation; seed: fixes the whole run
            table: how a learned pixel embedding starts
            real_epochs: so many epochs the first convolution learns real weights, one for a colour
            and tap; the signs that they are rounded to stay as they are in the others. What is
            evaluated and saved is binary always
            update: whether steps move latent weights, or weights at their levels (these learned)
            precision: of convolutions and feature maps while training: float32, or bfloat16, which
            takes two thirds of the time on a CPU that has it; accuracies are always of float32
    """

    epochs: int
    batch: int = 128
    lr: float = 4e-4
    weight_decay: float = 1e-5
    adam_eps: float = 1e-4
    ewgs_delta: float = 0.01
    crop: int = 0
    flip: bool = False
    crop_area: float = 0.0
    sides: tuple[Side, ...] = ()
    label_smoothing: float = 0.0
    hold_out: int = 0
    validation: float = 0.0
    keep: Keep = Keep.LAST
    workers: int = 0
    seed: int = 0
    precision: Precision = Precision.FLOAT32
    table: TableStart = TableStart.THERMOMETER
    real_epochs: int = 0
    update: WeightUpdate = WeightUpdate.LATENT

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "TrainConfig", "epochs must be at least 1", self.epochs)
        require(self.batch >= 2, "TrainConfig", "batch must be at least 2", self.batch)
        require(self.lr > 0, "TrainConfig", "lr must be positive", self.lr)
        for name, most in MOST.items():
            value = getattr(self, name)
            require(value >= 0, "TrainConfig", f"{name} must not be negative", value)
            require(value <= most, "TrainConfig", f"{name} must be at most {most:,}", value)
        counted = self.validation < 1 or self.validation == int(self.validation)
        contract = "validation must be a share below 1 or a whole number of images"
        require(counted, "TrainConfig", contract, self.validation)
        judged = self.keep is Keep.LAST or self.validation
        contract = "keep best needs validation images, as the test split must not choose"
        hint = "add validation = 0.1"
        require(judged, "TrainConfig", contract, hint=hint)
        for name in ("crop_area", "label_smoothing"):
            value = getattr(self, name)
            require(0 <= value < 1, "TrainConfig", f"{name} must be a share below 1", value)
        begins = [side.epoch for side in self.sides]
        grow = begins == sorted(set(begins)) and begins[:1] in ([], [0])
        contract = "sides must begin with epoch 0, each later than the one before"
        require(grow, "TrainConfig", contract, begins)
        cropped = self.crop_area > 0 or not self.sides
        hint = "add crop_area = 0.35"
        require(cropped, "TrainConfig", "sides are those of random crops", hint=hint)
        fewer = 0 <= self.real_epochs < self.epochs
        contract = f"real_epochs must be below the {self.epochs} epochs"
        require(fewer, "TrainConfig", contract, self.real_epochs)

    def side(self, epoch: int) -> int | None:
        """Side of an epoch's images, None for the network's own size."""
        return next((s.side for s in reversed(self.sides) if s.epoch <= epoch), None)

    def validation_images(self, images: int) -> int:
        """How many of ``images`` training images ``validation`` means: one at least."""
        share = self.validation
        return max(round(share * images), 1) if share < 1 else int(share)
