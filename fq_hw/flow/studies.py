"""Studies compared: what is not recorded is trained, then all records are summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from fq_hw.errors import ArtifactError, one_of, require
from fq_hw.files import add_row, alone
from fq_hw.flow.accuracy import first_layer, measure
from fq_hw.flow.accuracy_log import key, key_of, read_log, recorded
from fq_hw.flow.study import Study, read_study
from fq_hw.report import bench, study
from fq_hw.traced import TorchModule

__all__ = ["STUDIES", "AccuracyGoal", "Compared"]

STUDIES = tuple(Path("docs/results") / f"{name}.toml" for name in ("pixels", "direct", "widths"))
BENCH = Path("build/bench/accuracy.json")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A study's variants, a row each; ``report.study`` has its columns."""

    name: str
    title: str
    rows: list[dict]


@dataclass(frozen=True, kw_only=True)
class AccuracyGoal:
    """Which runs of which studies to train, and where they are recorded.

    studies     TOML files
    data        folder of the data sets (default data)
    record      folder of the records, a line of STUDY.jsonl a run, and of bars
    only        the variants to train (default all); ``seeds``: the first so many of each
    epochs      instead of the studies': a short form
    only_print  train nothing

    Errors call them as the command does: --print.
    """

    studies: tuple[Path, ...] = STUDIES
    data: Path | None = None
    record: Path = Path("build/accuracy")
    only: Sequence[str] | None = None
    epochs: int | None = None
    seeds: int | None = None
    only_print: bool = False

    def check(self) -> None:
        """Everything that can be refused before any file is read."""
        require(self.seeds is None or self.seeds >= 1, "--seeds", "must be at least 1", self.seeds)
        folder = self.data and str(self.data)
        contract = "says what to train, and --print trains nothing"
        hint = "leave one of the two out"
        for option, came in (("--data", folder), ("--only", self.only), ("--seeds", self.seeds)):
            fine = came is None or not self.only_print
            require(fine, option, contract, came, hint=hint)

    def compare(self, report: Callable[[str], None] = lambda line: None) -> list[Compared]:
        """Train and record every run that is not recorded; all records, summed up.

        The records are this process's until the end. Raises ParameterError and ArtifactError.
        """
        self.check()
        found = {file: read_study(file) for file in self.studies}
        names = {variant.name for one in found.values() for variant in one.variants}
        for name in self.only or ():
            one_of(name, sorted(names), "--only")
        try:
            self.record.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"--record {self.record}: cannot be made a folder ({error.strerror})"
            raise ArtifactError(message) from error
        mine = alone(self.record, f"--record {self.record}", "name another --record")
        with nullcontext() if self.only_print else mine:
            return [self.compare_one(file, one, report) for file, one in found.items()]

    def compare_one(self, file: Path, one: Study, report: Callable[[str], None]) -> Compared:
        """The same for one study."""
        name, log = file.stem, self.record / f"{file.stem}.jsonl"
        folder = self.data or Path("data")
        for run in one.runs(name, folder, self.epochs, self.seeds):
            skip = self.only_print or (self.only and run.variant.name not in self.only)
            if not skip and not recorded(log, run):
                report(f"{name}: {run.name}")
                add_row(log, measure(name, run))
        titles = {variant.name: variant.title for variant in one.variants}
        runs = list(one.runs(name, folder, self.epochs))
        networks = {run.variant.name: run.config.network for run in runs}
        layers = {
            variant: {} if isinstance(network, TorchModule) else first_layer(network)
            for variant, network in networks.items()
        }
        wanted = {key(run) for run in runs}  # not those of a short form, or of another budget
        rows = [row for row in read_log(log) if key_of(row) in wanted]
        summary = study.summary(titles, rows, layers)
        title = f"{one.title}, {runs[0].config.train['epochs']} epochs"
        if any(row["seeds"] for row in summary):
            study.save_bars(log.with_suffix(".png"), summary, title)
        bench.update_rows(BENCH, study.bench_rows(name, summary, f"fq-hw accuracy {file}"))
        return Compared(name=name, title=title, rows=summary)
