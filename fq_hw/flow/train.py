"""A training run: its recipe, its folder, what it is told to begin with."""

from __future__ import annotations

import dataclasses
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw import checkpoint, data
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, ParameterError, ToolError, require
from fq_hw.flow.config import Config, read_config
from fq_hw.flow.preflight import check_hardware
from fq_hw.flow.progress import progress_bar
from fq_hw.flow.run_folder import RunFolder, claimed
from fq_hw.flow.torch_module import resolved
from fq_hw.plain import from_plain
from fq_hw.report import curve

if TYPE_CHECKING:
    from fq_hw.nn.training import TrainConfig

__all__ = ["TrainGoal", "Trained", "torch_with", "train", "train_here"]

MOST_THREADS = 256


@dataclass(frozen=True, kw_only=True)
class TrainGoal:
    """How to train a configuration.

    config        the file's path, for messages and the provenance
    out           folder to write (default build/train/NAME)
    resume        go on where ``out`` stopped
    start         a checkpoint of the same network, whose weights to begin with
    epochs, seed  instead of the configuration's
    device        of torch; ``threads`` to run there
    """

    config: Path
    out: Path | None = None
    resume: bool = False
    start: Path | None = None
    epochs: int | None = None
    seed: int | None = None
    device: str = "cpu"
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished run: its folder, its recipe, a row of figures an epoch."""

    folder: RunFolder
    recipe: TrainConfig
    rows: list[dict]

    @property
    def kept(self) -> dict:
        """The epoch whose weights are in the checkpoint."""
        return kept_row(self.rows, self.recipe.keep)


def torch_with(threads: int, where: str):
    """Torch, with so many threads, for the command ``where``."""
    try:
        import torch
    except ImportError as error:
        remedy = f"{where}: needs torch; pip install -e '.[train]' in the project's folder"
        raise ToolError(remedy) from error
    where = f"{where} --threads"
    require(threads >= 1, where, "must be at least 1", threads)
    require(threads <= MOST_THREADS, where, f"must be at most {MOST_THREADS}", threads)
    torch.set_num_threads(threads)
    return torch


def train(goal: TrainGoal) -> Trained | None:
    """Train by ``goal.config``, alone or as one of torchrun's processes; see ``train_here``.

    Raises ToolError where another of the processes has ended.
    """
    torch = torch_with(goal.threads, "fq-hw train")
    import torch.distributed as dist

    try:
        torch.empty(0, device=goal.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        message = f"fq-hw train --device: {goal.device} does not work here ({reason})"
        raise ParameterError(message) from error
    config = read_config(goal.config)
    if "RANK" in os.environ:  # set by torchrun
        dist.init_process_group("gloo")
    try:
        return train_here(config, goal)
    except RuntimeError as error:
        if not dist.is_initialized() or "peer" not in str(error):
            raise
        message = "fq-hw train: another of the processes has ended; its message says why"
        raise ToolError(message) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def train_here(config: Config, goal: TrainGoal) -> Trained | None:
    """Train in this process, alone or as one rank; rank 0 writes the files, others get None.

    Raises ParameterError and ArtifactError before any work, by the name of what is wrong.
    """
    import torch
    import torch.distributed as dist

    from fq_hw.nn import resume, training

    changed = {k: v for k, v in (("epochs", goal.epochs), ("seed", goal.seed)) if v is not None}
    recipe = from_plain(training.TrainConfig, config.train | changed, "config.train")
    path = Path(config.data.path) if config.data.path else None
    images = data.load(config.data.kind, path, config.network.image)
    network, make = resolved(config.network, goal.config.parent)
    enough = len(images.classes) == network.classes
    contract = f"needs classes = {len(images.classes)} for {images.name}"
    require(enough, f"network {network.name!r}", contract, network.classes)
    check_hardware(network)

    source = Source(
        kind=config.data.kind, path=config.data.path, image=network.image, classes=images.classes
    )
    start = None
    if goal.start is not None:
        start = checkpoint.read(goal.start)
        same = dataclasses.replace(start.network, name=network.name) == network
        contract = f"{goal.start} must hold the network of {goal.config}"
        require(same, "fq-hw train --start", contract, start.network.name, kind=ArtifactError)

    leader = not dist.is_initialized() or dist.get_rank() == 0
    out = goal.out or Path("build/train") / network.name
    with claimed(out, goal.resume) if leader else nullcontext(RunFolder(out)) as folder:
        state, rows = None, []
        before = {} if start is None else {"start": epochs_of(start)}
        if goal.resume:
            state, rows, earlier = folder.go_on(network, recipe.seed, resume.unpack)
            before = {"start": earlier["start"]} if "start" in earlier else {}
        with progress_bar(recipe.epochs, len(rows), leader) as bar:
            run = training.train(
                network,
                images,
                recipe,
                make=make,
                state=state,
                start=None if start is None else start.arrays,
                report=bar.step,
                device=goal.device,
            )
            for epoch in run:
                if not leader:
                    continue
                row = figures(epoch)
                rows.append(row)
                bar.epoch(row)
                kept = kept_row(rows, recipe.keep)
                latest = kept is row
                arrays = training.arrays(epoch.model) if latest else folder.arrays()
                right = round(kept["test"] * len(images.test()))
                trained = checkpoint.Checkpoint(
                    network=network,
                    arrays=arrays,
                    accuracy=checkpoint.Accuracy(
                        data=images.name, images=len(images.test()), right=right
                    ),
                    provenance={
                        "config": goal.config.name,
                        "epochs": f"{epoch.number + 1} of {recipe.epochs}",
                        "torch": torch.__version__,
                        **origin_of(recipe, kept["epoch"]),
                        **before,
                    },
                    source=source,
                )
                folder.add_epoch(rows, trained, resume.pack(epoch.state()))
        if not leader:
            return None
        curve.save(folder.curve, rows, f"{network.name} on {images.name}")
    return Trained(folder=folder, recipe=recipe, rows=rows)


def origin_of(recipe, kept: int) -> dict[str, str]:
    """What the provenance of the weights of epoch ``kept`` says of the recipe."""
    found = {"seed": str(recipe.seed)}
    if recipe.hold_out:
        found["hold_out"] = str(recipe.hold_out)
    if recipe.validation:
        found["validation"] = str(recipe.validation)
    if recipe.keep.value == "best":
        found["kept"] = f"epoch {kept + 1}, the best on validation images"
    return found


def figures(epoch) -> dict:
    """The line of metrics.jsonl of an epoch."""
    judged = epoch.validation_accuracy
    return {
        "epoch": epoch.number,
        "loss": epoch.loss,
        "train": epoch.train_accuracy,
        **({} if judged is None else {"validation": judged}),
        "test": epoch.test_accuracy,
        "flips": round(epoch.flips, 6),
        "seconds": round(epoch.seconds, 1),
    }


def kept_row(rows: list[dict], keep) -> dict:
    """The epoch whose weights are kept: the last one, or the first of those best on validation."""
    return max(rows, key=lambda row: row["validation"]) if keep.value == "best" else rows[-1]


def epochs_of(start) -> str:
    """What the weights that a run begins with have behind them, for its provenance."""
    origin = start.provenance
    done = f"{origin.get('config', 'unknown')}, {origin.get('epochs', 'unknown')} epochs"
    return f"{done}; before: {origin['start']}" if "start" in origin else done
