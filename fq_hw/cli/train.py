"""``fq-hw train``: a network from a configuration, in one process or several."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.output import Output
from fq_hw.flow.shipped import configuration_file
from fq_hw.flow.train import Trained, TrainGoal, train

__all__ = ["add_parser"]

SHIPPED = Path(__file__).parents[1] / "models" / "ern-digits.toml"


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
        type=configuration_file,
        nargs="?",
        default=SHIPPED,
        help="TOML file with network, data and train, or the name of a shipped network (default: "
        f"{SHIPPED.stem})",
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
    done = train(goal_of(args))
    return None if done is None else told(done)


def goal_of(args: argparse.Namespace) -> TrainGoal:
    """What the options ask for."""
    return TrainGoal(
        config=args.config,
        out=args.out,
        resume=args.resume,
        start=args.start,
        epochs=args.epochs,
        seed=args.seed,
        device=args.device,
        threads=args.threads,
    )


def told(done: Trained) -> Output:
    """The final figures."""
    kept, rows = done.kept, done.rows
    data = {
        "checkpoint": str(done.folder.checkpoint),
        "float test accuracy %": round(100 * kept["test"], 2),
    }
    if done.recipe.validation:
        data["float validation accuracy %"] = round(100 * kept["validation"], 2)
        data["kept epoch"] = kept["epoch"] + 1
    data |= {
        "epochs": len(rows),
        "seconds": round(sum(r["seconds"] for r in rows), 1),
    }
    return Output(data, "\n".join(f"{key}: {value}" for key, value in data.items()))
