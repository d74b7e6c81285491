"""Training from scratch: values in, one result an epoch out; files and bars are the caller's.

Recipe: Adam with decoupled schedule (cosine to zero), weight decay on convolution weights only,
plain cross entropy. Source: Takahashi et al. 2024, section 4.1.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.data import Data, Split
from fq_hw.data.split import hold_out
from fq_hw.errors import require
from fq_hw.float_network import FloatNetwork
from fq_hw.layers import Layered, WeightScale
from fq_hw.network import Network
from fq_hw.nn.augment import augment
from fq_hw.nn.batches import read_batches
from fq_hw.nn.channel_step import ChannelStepActivation
from fq_hw.nn.direct import DirectUpdate, WeightUpdate
from fq_hw.nn.embeddings import PixelEmbedding, TableStart
from fq_hw.nn.first_layer import SAMPLE, RealStart
from fq_hw.nn.float_net import FloatNet
from fq_hw.nn.layers import BinaryConv2d, HalfWaveActivation, as_images
from fq_hw.nn.network import ErnNet
from fq_hw.nn.recipe import Keep, Precision, TrainConfig
from fq_hw.nn.resume import restore, snapshot
from fq_hw.plain import to_plain

__all__ = ["Epoch", "Keep", "Precision", "TrainConfig", "accuracy", "arrays", "train"]

# A level is of the size of its weights, all of which move with it: the full rate would change it by
# several per cent a step.
LEVEL_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch gave. ``state`` resumes after it; accuracies are fractions.

    ``validation_accuracy``: None without validation images.
    ``flips``: the fraction of weights that have another integer value than before the epoch.
    """

    number: int
    loss: float
    train_accuracy: float
    test_accuracy: float
    validation_accuracy: float | None
    flips: float
    seconds: float
    state: Callable[[], dict]
    model: nn.Module


@torch.no_grad()
def accuracy(model: nn.Module, split: Split, batch: int = 500, workers: int = 0) -> float:
    """Fraction of ``split`` that the float model ranks right, in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    right = 0
    numbers = np.arange(len(split))
    batches = [numbers[start : start + batch] for start in range(0, len(split), batch)]
    found = read_batches(split, batches, workers)
    for chosen, images in zip(batches, found, strict=True):
        logits = model(images.to(device))
        right += int((logits.argmax(1).cpu() == torch.from_numpy(split.labels[chosen])).sum())
    return right / len(split)


def all_codes(model: nn.Module) -> Tensor:
    """The integer weights of all layers in one row."""
    convs = (m for m in model.modules() if isinstance(m, BinaryConv2d))
    return torch.cat([torch.zeros(0), *(conv.codes().flatten() for conv in convs)])


def make_model(
    network: Layered | FloatNetwork, config: TrainConfig, make: Callable[[], nn.Module] | None
) -> nn.Module:
    """The torch network of a record, or what ``make`` makes, with random weights."""
    if make is None and isinstance(network, FloatNetwork):
        return FloatNet(network)
    if make is None:
        assert isinstance(network, Network), "a traced network trains by its own module"
        return ErnNet(network, config.ewgs_delta, config.table)
    contract = "table is for networks without a module of their own, which say it themselves"
    fits = config.table is TableStart.THERMOMETER
    require(fits, "TrainConfig", contract, config.table.value)
    model = make()
    for module in model.modules():
        if isinstance(module, HalfWaveActivation | ChannelStepActivation):
            module.ewgs_delta = config.ewgs_delta
    return model


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


def check_finite(name: str, config: TrainConfig, epoch: int, found: Iterable[Tensor]) -> None:
    """Stop a run whose loss or weights have grown beyond all numbers; nothing comes of it."""
    finite = all(bool(torch.isfinite(tensor).all()) for tensor in found)
    contract = f"diverged in epoch {epoch + 1}; the learning rate lr must be lower"
    require(finite, f"training of {name!r}", contract, config.lr, hint="earlier epochs are kept")


def splits(data: Data, config: TrainConfig) -> tuple[Callable[[int], Split], Split | None]:
    """The training images of an epoch's seed, and those to validate by."""
    kept = data
    if config.hold_out:
        left, _ = hold_out(data, config.hold_out)
        kept = dataclasses.replace(data, train=lambda seed: left)
    if not config.validation:
        return kept.train, None
    left, judged = hold_out(kept, config.validation_images(len(kept.train(0))))
    return lambda seed: left, judged


def train(
    network: Layered | FloatNetwork,
    data: Data,
    config: TrainConfig,
    *,
    make: Callable[[], nn.Module] | None = None,
    state: dict | None = None,
    start: dict[str, np.ndarray] | None = None,
    report: Callable[[int, int, int], None] = lambda epoch, step, steps: None,
    device: str = "cpu",
) -> Iterator[Epoch]:
    """Train ``network`` and yield after every epoch.

    ``make`` makes the user's own module, of which ``network`` is the record.
    ``state`` is an earlier ``Epoch.state()``: the run goes on as if it had not stopped. ``start``
    holds a checkpoint's arrays to begin with instead of random ones: the optimizer, the learning
    rate and the epochs begin anew. ``report`` hears (epoch, step, steps). Under an initialised
    process group every rank takes its share of each batch and gradients are averaged. A last,
    partial batch is left out: every epoch shuffles anew.
    Raises ArtifactError where ``state`` is from another network, data set or configuration, and
    ParameterError where the run diverges.
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
    recipe = {k: v for k, v in to_plain(config).items() if k != "workers"}
    origin = {"network": to_plain(network), "train": recipe, "data": data.name, "order": "in turn"}
    torch.manual_seed(config.seed)
    model = make_model(network, config, make).to(device).to(memory_format=torch.channels_last)
    if start is not None:
        counts = {k: v for k, v in model.state_dict().items() if k not in start}
        model.load_state_dict({k: torch.from_numpy(v) for k, v in start.items()} | counts)
    real = RealStart(model, network, config.real_epochs) if config.real_epochs else None
    optimizer = make_optimizer(model, config)
    first = 0
    if state is not None:
        first = restore(state, model, optimizer, origin)
    short = config.precision is Precision.BFLOAT16
    clipped = [m for m in model.modules() if isinstance(m, PixelEmbedding | BinaryConv2d)]
    settle = DirectUpdate(model) if direct else None
    test = data.test()
    seen, judged = splits(data, config)
    for epoch in range(first, config.epochs):
        began = time.monotonic()
        torch.manual_seed(config.seed * 10_000 + epoch)  # a module of the user's own may drop out
        if real is not None:
            real.begin(epoch)
        # anew: the first layer may have stopped learning
        parallel = nn.parallel.DistributedDataParallel(model) if ranks > 1 else model
        split = seen(config.seed * 10_000 + epoch)
        contract = f"batch must be at most the {len(split)} training images of {data.name}"
        require(config.batch <= len(split), "TrainConfig", contract, config.batch)
        order = np.random.default_rng([config.seed, epoch]).permutation(len(split))
        # numpy ignores trailing zeros of a seed: rank 0 would repeat the order's random numbers
        rng = np.random.default_rng([config.seed, epoch, rank + 1])
        steps = len(split) // config.batch
        total = torch.zeros(3, dtype=torch.float64)
        before = all_codes(model)
        model.train()
        begins = [step * config.batch + rank * share for step in range(steps)]
        batches = [order[begin : begin + share] for begin in begins]
        found = read_batches(split, batches, config.workers)
        for step, (chosen, pixels) in enumerate(zip(batches, found, strict=True)):
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * cosine(
                    config, (epoch + step / steps) / config.epochs
                )
            images = augment(pixels, config, rng, config.side(epoch)).to(device)
            labels = torch.from_numpy(split.labels[chosen]).to(device)
            with torch.autocast(images.device.type, torch.bfloat16, enabled=short):
                logits = parallel(images)
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=config.label_smoothing)
            check_finite(network.name, config, epoch, [loss])
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
        check_finite(network.name, config, epoch, [total, *model.state_dict().values()])
        if epoch < config.real_epochs:
            shown = np.random.default_rng([config.seed, epoch])
            real.end(augment(as_images(split.images[:SAMPLE]), config, shown, config.side(epoch)))

        yield Epoch(
            number=epoch,
            loss=float(total[0] / total[2]),
            train_accuracy=float(total[1] / total[2]),
            test_accuracy=accuracy(model, test, workers=config.workers),
            validation_accuracy=None
            if judged is None
            else accuracy(model, judged, workers=config.workers),
            flips=float((all_codes(model) != before).double().sum() / max(len(before), 1)),
            seconds=time.monotonic() - began,
            state=functools.partial(snapshot, model, optimizer, epoch, origin),
            model=model,
        )


def arrays(model: nn.Module) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint: float32, named as its record's ``array_shapes`` says."""
    left_out = ("num_batches_tracked", ".real")  # of training alone
    state = {k: v for k, v in model.state_dict().items() if not k.endswith(left_out)}
    return {k: np.ascontiguousarray(v.cpu().numpy(), np.float32) for k, v in state.items()}
