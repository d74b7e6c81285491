"""``fq-hw accuracy``: train every run of a study, record each at once, print the comparison."""

from __future__ import annotations

import argparse
from pathlib import Path

from fq_hw.cli.output import Output, say
from fq_hw.flow.studies import STUDIES, AccuracyGoal
from fq_hw.report.study import as_text

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "accuracy",
        help="train and compare the variants of a study",
        description="Train every variant of the studies with every seed, one after the other. A "
        "finished run is recorded at once as a line of RECORD/STUDY.jsonl, and a recorded one is "
        "not run again. Prints a table; RECORD/STUDY.png and build/bench/accuracy.json have it "
        "too.",
    )
    listed = ", ".join(map(str, STUDIES))
    parser.add_argument("study", type=Path, nargs="*", help=f"TOML files (default {listed})")
    parser.add_argument("--data", type=Path, help="folder of the data sets (default data)")
    parser.add_argument(
        "--record",
        type=Path,
        default=AccuracyGoal.record,
        help="folder of the records (default build/accuracy)",
    )
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="run these variants alone")
    parser.add_argument("--epochs", type=int, help="instead of the studies': a short form")
    parser.add_argument("--seeds", type=int, help="so many of every variant, the first ones")
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="train nothing; print the records"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Train what is not recorded, then sum up."""
    found = goal_of(args).compare(say)
    text = "\n\n".join(f"{one.title}\n\n{as_text(one.rows)}" for one in found)
    return Output({one.name: one.rows for one in found}, text)


def goal_of(args: argparse.Namespace) -> AccuracyGoal:
    """What the options ask for."""
    return AccuracyGoal(
        studies=tuple(args.study) or STUDIES,
        data=args.data,
        record=args.record,
        only=args.only,
        epochs=args.epochs,
        seeds=args.seeds,
        only_print=args.only_print,
    )
