"""``fq-hw accuracy``: train every run of a study, record each at once, print the comparison."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

from fq_hw.cli.output import Output, say
from fq_hw.errors import ArtifactError, one_of, require
from fq_hw.files import add_row, alone
from fq_hw.flow.accuracy import first_layer, measure
from fq_hw.flow.accuracy_log import key, key_of, read_log, recorded
from fq_hw.flow.study import read_study
from fq_hw.report import bench, study

__all__ = ["add_parser"]

STUDIES = Path("docs/results")
NAMES = ("pixels", "direct", "widths")


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
    known = [STUDIES / f"{name}.toml" for name in NAMES]
    listed = ", ".join(map(str, known))
    parser.add_argument("study", type=Path, nargs="*", help=f"TOML files (default {listed})")
    parser.add_argument("--data", type=Path, help="folder of the data sets (default data)")
    parser.add_argument(
        "--record",
        type=Path,
        default=Path("build/accuracy"),
        help="folder of the records (default build/accuracy)",
    )
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="run these variants alone")
    parser.add_argument("--epochs", type=int, help="instead of the studies': a short form")
    parser.add_argument("--seeds", type=int, help="so many of every variant, the first ones")
    parser.add_argument(
        "--print", action="store_true", dest="only_print", help="train nothing; print the records"
    )
    parser.set_defaults(run=run, known=known)


def run(args: argparse.Namespace) -> Output:
    """Train what is not recorded, then sum up."""
    require(args.seeds is None or args.seeds >= 1, "--seeds", "must be at least 1", args.seeds)
    if args.only_print:
        given = {"--data": args.data and str(args.data), "--only": args.only, "--seeds": args.seeds}
        for option, came in given.items():
            contract = "says what to train, and --print trains nothing"
            require(came is None, option, contract, came, hint="leave one of the two out")
    folder = Path("data") if args.data is None else args.data
    files = args.study or args.known
    studies = [(file, read_study(file)) for file in files]
    names = {variant.name for _, found in studies for variant in found.variants}
    for name in args.only or ():
        one_of(name, sorted(names), "--only")
    try:
        args.record.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--record {args.record}: cannot be made a folder ({error.strerror})"
        raise ArtifactError(message) from error
    mine = alone(args.record, f"--record {args.record}", "name another --record")
    with nullcontext() if args.only_print else mine:
        return compare(args, studies, folder)


def compare(args: argparse.Namespace, studies: list, folder: Path) -> Output:
    """Every run that is asked for and not recorded; then all records."""
    text, found = [], {}
    for file, compared in studies:
        log = args.record / f"{file.stem}.jsonl"
        for one in compared.runs(file.stem, folder, args.epochs, args.seeds):
            skip = args.only_print or (args.only and one.variant.name not in args.only)
            if not skip and not recorded(log, one):
                say(f"{file.stem}: {one.name}")
                row = measure(file.stem, one)
                add_row(log, row)
        titles = {variant.name: variant.title for variant in compared.variants}
        runs = list(compared.runs(file.stem, folder, args.epochs))
        networks = {one.variant.name: one.config.network for one in runs}
        layers = {name: first_layer(network) for name, network in networks.items()}
        wanted = {key(one) for one in runs}  # not those of a short form, or of another budget
        rows = [row for row in read_log(log) if key_of(row) in wanted]
        summary = study.summary(titles, rows, layers)
        title = f"{compared.title}, {runs[0].config.train['epochs']} epochs"
        if any(row["seeds"] for row in summary):
            study.save_bars(log.with_suffix(".png"), summary, title)
        bench.update_rows(
            Path("build/bench/accuracy.json"),
            study.bench_rows(file.stem, summary, f"fq-hw accuracy {file}"),
        )
        text.append(f"{title}\n\n{study.as_text(summary)}")
        found[file.stem] = summary
    return Output(found, "\n\n".join(text))
