"""Training from scratch: values in, one result an epoch out; files and bars are the caller's.

Recipe: Adam with decoupled schedule (cosine to zero), weight decay on convolution weights only,
plain cross entropy. Source: Takahashi et al. 2024, section 4.1.
"""

from __future__ import annotations

import copy
import enum
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.data import Data, Split
from fq_hw.data.split import hold_out
from fq_hw.errors import ArtifactError, require
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network, WeightScale, to_plain
from fq_hw.nn.direct import DirectUpdate, WeightUpdate
from fq_hw.nn.embeddings import PixelEmbedding, TableStart
from fq_hw.nn.first_layer import SAMPLE, RealStart
from fq_hw.nn.float_net import FloatNet
from fq_hw.nn.layers import BinaryConv2d, as_images
from fq_hw.nn.network import ErnNet

__all__ = ["Epoch", "Precision", "TrainConfig", "accuracy", "arrays", "train"]

# A level is of the size of its weights, all of which move with it: the full rate would change it by
# several per cent a step.
LEVEL_SHARE = 0.1


class Precision(enum.Enum):
    """Number format of feature maps during training."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train. ``lr`` holds for a batch of 256 and scales with ``batch``.

    Fields  crop: pixels of random shift (zero filled); flip: mirror half of the images
            hold_out: the last training images, left out so that a search may judge by them
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
    hold_out: int = 0
    seed: int = 0
    precision: Precision = Precision.FLOAT32
    table: TableStart = TableStart.THERMOMETER
    real_epochs: int = 0
    update: WeightUpdate = WeightUpdate.LATENT

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "TrainConfig", "epochs must be at least 1", self.epochs)
        require(self.batch >= 2, "TrainConfig", "batch must be at least 2", self.batch)
        require(self.lr > 0, "TrainConfig", "lr must be positive", self.lr)
        for name in ("weight_decay", "adam_eps", "ewgs_delta", "crop", "hold_out", "seed"):
            value = getattr(self, name)
            require(value >= 0, "TrainConfig", f"{name} must not be negative", value)
        fewer = 0 <= self.real_epochs < self.epochs
        contract = f"real_epochs must be below the {self.epochs} epochs"
        require(fewer, "TrainConfig", contract, self.real_epochs)
        require(self.seed < 2**31, "TrainConfig", "seed must be below 2**31", self.seed)


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch gave. ``state`` resumes after it; accuracies are fractions.

    ``flips``: the fraction of weights that have another integer value than before the epoch.
    """

    number: int
    loss: float
    train_accuracy: float
    test_accuracy: float
    flips: float
    seconds: float
    state: Callable[[], dict]
    model: nn.Module


def shift(images: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Move every image of N,H,W,C by up to ``most`` pixels each way, dark outside."""
    n, h, w, _ = images.shape
    padded = F.pad(images, (0, 0, most, most, most, most))
    dy, dx = torch.from_numpy(rng.integers(0, 2 * most + 1, (2, n)))
    rows = (dy[:, None] + torch.arange(h))[:, :, None]
    columns = (dx[:, None] + torch.arange(w))[:, None, :]
    return padded[torch.arange(n)[:, None, None], rows, columns]


def augment(images: Tensor, config: TrainConfig, rng: np.random.Generator) -> Tensor:
    """Random shift and mirror on uint8 N,H,W,C: pixels stay exact integers."""
    if config.crop:
        images = shift(images, config.crop, rng)
    if config.flip:
        mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
        images = torch.where(mirrored[:, None, None, None], images.flip(2), images)
    return images


@torch.no_grad()
def accuracy(model: nn.Module, split: Split, batch: int = 500) -> float:
    """Fraction of ``split`` that the float model ranks right, in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    right = 0
    for start in range(0, len(split), batch):
        logits = model(as_images(split.images[start : start + batch]).to(device))
        labels = torch.from_numpy(split.labels[start : start + batch])
        right += int((logits.argmax(1).cpu() == labels).sum())
    return right / len(split)


def all_codes(model: nn.Module) -> Tensor:
    """The integer weights of all layers in one row."""
    convs = (m for m in model.modules() if isinstance(m, BinaryConv2d))
    return torch.cat([torch.zeros(0), *(conv.codes().flatten() for conv in convs)])


def make_model(network: Network | FloatNetwork, config: TrainConfig) -> nn.Module:
    """The torch network of a record, with random weights."""
    if isinstance(network, FloatNetwork):
        return FloatNet(network)
    return ErnNet(network, config.ewgs_delta, config.table)


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Adam; decay on convolution weights alone; ``share`` of the learning rate for each group."""
    named = list(model.named_parameters())
    decayed = [p for n, p in named if p.ndim == 4]
    levels = [p for n, p in named if n.endswith(".level")]
    others = [p for n, p in named if p.ndim != 4 and not n.endswith(".level")]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay, "share": 1.0},
        {"params": others, "weight_decay": 0.0, "share": 1.0},
    ]
    if levels:
        groups.append({"params": levels, "weight_decay": 0.0, "share": LEVEL_SHARE})
    return torch.optim.Adam(groups, lr=0.0, eps=config.adam_eps)


def cosine(config: TrainConfig, progress: float) -> float:
    """Learning rate after ``progress`` (0..1) of the run."""
    return config.lr * config.batch / 256 * 0.5 * (1 + math.cos(math.pi * progress))


def train(
    network: Network | FloatNetwork,
    data: Data,
    config: TrainConfig,
    *,
    state: dict | None = None,
    start: dict[str, np.ndarray] | None = None,
    report: Callable[[int, int, int], None] = lambda epoch, step, steps: None,
    device: str = "cpu",
) -> Iterator[Epoch]:
    """Train ``network`` and yield after every epoch.

    ``state`` is an earlier ``Epoch.state()``: the run goes on as if it had not stopped. ``start``
    holds a checkpoint's arrays to begin with instead of random ones: the optimizer, the learning
    rate and the epochs begin anew. ``report`` hears (epoch, step, steps). Under an initialised
    process group every rank takes its share of each batch and gradients are averaged. A last,
    partial batch is left out: every epoch shuffles anew.
    Raises ArtifactError where ``state`` is from another network, data set or configuration.
    """
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    share = config.batch // ranks
    whole = share * ranks == config.batch and share >= 2
    contract = f"batch must be a multiple of the {ranks} processes, at least 2 for each"
    require(whole, "TrainConfig", contract, config.batch)
    direct = config.update is WeightUpdate.DIRECT
    scale = getattr(network, "weight_scale", None)  # a float network has none
    learned = scale is WeightScale.LEARNED
    contract = "update direct needs a network of weight_scale learned"
    require(learned or not direct, "TrainConfig", contract, scale and scale.value)
    origin = {"network": to_plain(network), "train": to_plain(config), "data": data.name}
    torch.manual_seed(config.seed)
    model = make_model(network, config).to(device).to(memory_format=torch.channels_last)
    if start is not None:
        counts = {k: v for k, v in model.state_dict().items() if k not in start}
        model.load_state_dict({k: torch.from_numpy(v) for k, v in start.items()} | counts)
    real = RealStart(model, network, config.real_epochs) if config.real_epochs else None
    optimizer = make_optimizer(model, config)
    first = 0
    if state is not None:
        check_origin(state, origin)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"] + 1
    short = config.precision is Precision.BFLOAT16
    clipped = [m for m in model.modules() if isinstance(m, PixelEmbedding | BinaryConv2d)]
    settle = DirectUpdate(model) if direct else None
    test = data.test()
    for epoch in range(first, config.epochs):
        began = time.monotonic()
        if real is not None:
            real.begin(epoch)
        # anew: the first layer may have stopped learning
        parallel = nn.parallel.DistributedDataParallel(model) if ranks > 1 else model
        if config.hold_out:
            split, _ = hold_out(data, config.hold_out)
        else:
            split = data.train(config.seed * 10_000 + epoch)
        contract = f"batch must be at most the {len(split)} training images of {data.name}"
        require(config.batch <= len(split), "TrainConfig", contract, config.batch)
        order = np.random.default_rng([config.seed, epoch]).permutation(len(split))
        # numpy ignores trailing zeros of a seed: rank 0 would repeat the order's random numbers
        rng = np.random.default_rng([config.seed, epoch, rank + 1])
        steps = len(split) // config.batch
        total = torch.zeros(3, dtype=torch.float64)
        before = all_codes(model)
        model.train()
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * cosine(
                    config, (epoch + step / steps) / config.epochs
                )
            begin = step * config.batch + rank * share
            chosen = order[begin : begin + share]
            images = augment(as_images(split.images[chosen]), config, rng).to(device)
            labels = torch.from_numpy(split.labels[chosen]).to(device)
            with torch.autocast(images.device.type, torch.bfloat16, enabled=short):
                logits = parallel(images)
            loss = F.cross_entropy(logits.float(), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            for module in clipped:
                module.clip()
            if settle is not None:
                settle()
            right = (logits.detach().argmax(1) == labels).sum()
            sums = [loss.item() * len(labels), right.item(), len(labels)]
            total += torch.tensor(sums, dtype=torch.float64)
            report(epoch, step + 1, steps)
        if ranks > 1:
            dist.all_reduce(total)
        if epoch < config.real_epochs:
            shown = np.random.default_rng([config.seed, epoch])
            real.end(augment(as_images(split.images[:SAMPLE]), config, shown).to(device))

        def snapshot(epoch: int = epoch) -> dict:
            parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            return copy.deepcopy(parts) | {"epoch": epoch, "origin": origin}

        yield Epoch(
            number=epoch,
            loss=float(total[0] / total[2]),
            train_accuracy=float(total[1] / total[2]),
            test_accuracy=accuracy(model, test),
            flips=float((all_codes(model) != before).double().sum() / max(len(before), 1)),
            seconds=time.monotonic() - began,
            state=snapshot,
            model=model,
        )


def check_origin(state: dict, origin: dict) -> None:
    """Refuse a state whose run had another network, data set or training configuration."""
    before = state.get("origin", {})
    changed = [part for part in ("network", "data") if before.get(part) != origin[part]]
    recipe = before.get("train", {})
    changed += [f"train.{k}" for k, v in origin["train"].items() if recipe.get(k) != v]
    if changed:
        message = f"train state: the run began with another {', '.join(changed)}"
        raise ArtifactError(f"{message}; resume with the same, or start a new run")


def arrays(model: nn.Module) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint: float32, named as its record's ``array_shapes`` says."""
    left_out = ("num_batches_tracked", ".real")  # of training alone
    state = {k: v for k, v in model.state_dict().items() if not k.endswith(left_out)}
    return {k: np.ascontiguousarray(v.cpu().numpy(), np.float32) for k, v in state.items()}
