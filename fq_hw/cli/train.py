"""``fq-hw train``: the only place where training touches files, processes and the screen."""

from __future__ import annotations

import argparse
import dataclasses
import os
from contextlib import nullcontext
from pathlib import Path

from fq_hw.cli.output import Output
from fq_hw.cli.progress import progress_bar
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, ParameterError, ToolError, require
from fq_hw.flow.config import read_config
from fq_hw.flow.run_folder import RunFolder, claimed

__all__ = ["add_parser", "set_threads", "train_here"]

MOST_THREADS = 256
SHIPPED = Path(__file__).parents[1] / "models" / "digits.toml"


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train",
        help="train a network from a configuration",
        description="Train a network. Writes checkpoint.safetensors, metrics.jsonl, curve.png and "
        "state.pt (for --resume) to --out. Several processes: "
        "torchrun --nproc-per-node N -m fq_hw train CONFIG.",
    )
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=SHIPPED,
        help="TOML file with network, data and train (default: the shipped network's)",
    )
    parser.add_argument("--out", type=Path, help="folder to write (default build/train/NAME)")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true", help="go on where --out stopped")
    begin.add_argument(
        "--start",
        type=Path,
        metavar="CHECKPOINT",
        help="begin with the weights of a checkpoint of the same network",
    )
    parser.add_argument("--epochs", type=int, help="instead of the configuration's")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1)")
    parser.add_argument("--device", default="cpu", help="torch device (default cpu)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output | None:
    """Train to the end and return the final figures, in the leading process alone."""
    try:
        import torch
        import torch.distributed as dist
    except ImportError as error:
        remedy = "fq-hw train: needs torch; pip install -e '.[train]' in the project's folder"
        raise ToolError(remedy) from error
    set_threads(torch, args.threads, "fq-hw train --threads")
    try:
        torch.empty(0, device=args.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        message = f"fq-hw train --device: {args.device} does not work here ({reason})"
        raise ParameterError(message) from error
    config = read_config(args.config)
    if "RANK" in os.environ:  # set by torchrun
        dist.init_process_group("gloo")
    try:
        return train_here(args, config, torch)
    except RuntimeError as error:
        if not dist.is_initialized() or "peer" not in str(error):
            raise
        message = "fq-hw train: another of the processes has ended; its message says why"
        raise ToolError(message) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def set_threads(torch, count: int, where: str) -> None:
    """Let torch use ``count`` threads."""
    require(count >= 1, where, "must be at least 1", count)
    require(count <= MOST_THREADS, where, f"must be at most {MOST_THREADS}", count)
    torch.set_num_threads(count)


def train_here(args: argparse.Namespace, config, torch) -> Output | None:
    """Train in this process, alone or as one rank; rank 0 writes the files."""
    import torch.distributed as dist

    from fq_hw import checkpoint, data
    from fq_hw.flow.preflight import check_hardware
    from fq_hw.nn import resume, training
    from fq_hw.plain import from_plain
    from fq_hw.report import curve

    changed = {k: v for k, v in (("epochs", args.epochs), ("seed", args.seed)) if v is not None}
    recipe = from_plain(training.TrainConfig, config.train | changed, "config.train")
    path = Path(config.data.path) if config.data.path else None
    images = data.load(config.data.kind, path, config.network.image)
    network = config.network
    enough = len(images.classes) == network.classes
    contract = f"needs classes = {len(images.classes)} for {images.name}"
    require(enough, f"network {network.name!r}", contract, network.classes)
    check_hardware(network)

    source = Source(
        kind=config.data.kind, path=config.data.path, image=network.image, classes=images.classes
    )
    start = None
    if args.start is not None:
        start = checkpoint.read(args.start)
        same = dataclasses.replace(start.network, name=network.name) == network
        contract = f"{args.start} must hold the network of {args.config}"
        require(same, "fq-hw train --start", contract, start.network.name, kind=ArtifactError)

    leader = not dist.is_initialized() or dist.get_rank() == 0
    out = args.out or Path("build/train") / network.name
    with claimed(out, args.resume) if leader else nullcontext(RunFolder(out)) as folder:
        state, rows = None, []
        before = {} if start is None else {"start": epochs_of(start)}
        if args.resume:
            state, rows, earlier = folder.go_on(network, recipe.seed, resume.unpack)
            before = {"start": earlier["start"]} if "start" in earlier else {}
        with progress_bar(recipe.epochs, len(rows), leader) as bar:
            run = training.train(
                network,
                images,
                recipe,
                state=state,
                start=None if start is None else start.arrays,
                report=bar.step,
                device=args.device,
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
                        "config": args.config.name,
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
    return told(folder, recipe, rows)


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


def told(folder: RunFolder, recipe, rows: list[dict]) -> Output:
    """The final figures."""
    kept = kept_row(rows, recipe.keep)
    data = {
        "checkpoint": str(folder.checkpoint),
        "float test accuracy %": round(100 * kept["test"], 2),
    }
    if recipe.validation:
        data["float validation accuracy %"] = round(100 * kept["validation"], 2)
        data["kept epoch"] = kept["epoch"] + 1
    data |= {
        "epochs": len(rows),
        "seconds": round(sum(r["seconds"] for r in rows), 1),
    }
    return Output(data, "\n".join(f"{key}: {value}" for key, value in data.items()))


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
