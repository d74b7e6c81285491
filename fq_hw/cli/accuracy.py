"""``fq-hw accuracy``: train every run of a study, record each at once, print the comparison."""

from __future__ import annotations

import argparse
import os
import platform
from contextlib import nullcontext
from pathlib import Path

from fq_hw import checkpoint, data
from fq_hw.cli import train
from fq_hw.cli.output import Output, say
from fq_hw.data.source import check_classes
from fq_hw.errors import ArtifactError, ToolError, one_of, require
from fq_hw.files import add_row, alone
from fq_hw.flow.accuracy_log import key, key_of, read_log, recorded
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.estimate import unit_rows
from fq_hw.flow.hardware import DEFAULT_CYCLES
from fq_hw.flow.model import load_model
from fq_hw.flow.preflight import untrained_graph
from fq_hw.flow.run_folder import read_metrics
from fq_hw.flow.study import Run, read_study
from fq_hw.network import EmbeddingKind, Network, stem_layers
from fq_hw.report import bench, study
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.lower import lower

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


def measure(name: str, one: Run) -> dict:
    """Train a run, or go on with it, or take it from its folder; its line of the record."""
    out = Path("build/train") / name / one.name
    rows = finished(out, one)
    if rows is None:
        train_run(out, one)
        rows = finished(out, one)
        assert rows is not None, f"{out} holds no finished run"
    trained = checkpoint.read(out / "checkpoint.safetensors")
    row = {
        "variant": one.variant.name,
        "seed": one.seed,
        "float": trained.accuracy.percent,
        "golden": None,
        "images": trained.accuracy.images,
        "epochs": len(rows),
        "seconds": round(sum(r["seconds"] for r in rows)),
        "flips": [r["flips"] for r in rows],
        "curve": [round(100 * r["test"], 2) for r in rows],
        "machine": machine(),
    }
    if trained.network.embedding.kind is not EmbeddingKind.FLOAT:
        model = load_model(out / "checkpoint.safetensors")
        source = one.config.data
        path = None if source.path is None else Path(source.path)
        network, known = trained.network, trained.source and trained.source.classes
        images = data.load(source.kind, path, network.image)
        check_classes(images, network.name, network.classes, known)  # it may have changed since
        test = images.test()
        right = int((golden_labels(model.graph, test.images) == test.labels).sum())
        row["golden"] = 100 * right / len(test)
    return row


def first_layer(network: Network) -> dict:
    """MAC of the first convolution; cycles and estimated LUT4 and EBR of it and its embedding.

    All at one speed. They depend on shapes alone: the weights here are untrained.
    """
    import_torch()
    conv = stem_layers(network)[0]
    rows, columns = ((side - 1) // conv.stride + 1 for side in network.image[:2])
    found = {"mac": rows * columns * conv.kernel**2 * conv.cin * conv.cout}
    if conv.real:
        return found
    graph = untrained_graph(network)
    folding = least_lut(graph, DEFAULT_CYCLES)
    plan = lower(graph, folding.folds, folding.cycles)
    units = [u for u in unit_rows(plan) if u["unit"].startswith(("embedding", "stem.0"))]
    found["cycles"] = max(unit["cycles"] or 0 for unit in units)
    return found | {key: sum(unit[key] for unit in units) for key in ("lut", "ebr")}


def finished(out: Path, one: Run) -> list[dict] | None:
    """Figures of the epochs of a run whose folder holds all of them; None where it does not."""
    metrics, saved = out / "metrics.jsonl", out / "checkpoint.safetensors"
    if not metrics.exists() or not saved.exists():
        return None
    rows = read_metrics(metrics, f"{out}")
    epochs = one.config.train["epochs"]
    trained = checkpoint.read(saved)
    if trained.provenance.get("epochs") != f"{epochs} of {epochs}" or len(rows) != epochs:
        return None
    same = trained.network == one.config.network
    same = same and trained.provenance.get("seed") == str(one.seed)
    contract = "holds another run than this one"
    require(same, f"{out}", contract, hint="remove the folder to train again", kind=ArtifactError)
    return rows


def train_run(out: Path, one: Run) -> None:
    """What ``fq-hw train`` does with this configuration."""
    torch = import_torch()
    args = argparse.Namespace(
        config=Path(f"{one.config.network.name}.toml"),
        out=out,
        resume=(out / "state.pt").exists(),
        start=None,
        epochs=None,
        seed=None,
        device="cpu",
    )
    train.train_here(args, one.config, torch)


def import_torch():
    """Torch, with one thread: two collapse beside other jobs."""
    try:
        import torch
    except ImportError as error:
        remedy = "fq-hw accuracy: needs torch; pip install -e '.[train]' in the project's folder"
        raise ToolError(remedy) from error
    torch.set_num_threads(1)
    return torch


def machine() -> str:
    """The processor's name and how many cores the system has."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [n for n in info.read_text().splitlines() if n.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return f"{cpu}, one of {os.cpu_count()} cores"
