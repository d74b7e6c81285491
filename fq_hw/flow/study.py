"""Studies: one TOML file that compares variants of a network or its training at equal budget.

The tables network, data and train are a configuration's; each of ``variants`` names what differs,
and the seeds to run it with. A run is a variant with a seed; its network is called STUDY-VARIANT.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import check_file_name, check_line, read_toml
from fq_hw.flow.config import Config, DataConfig
from fq_hw.network import Network
from fq_hw.plain import from_plain
from fq_hw.traced import TorchModule

__all__ = ["Run", "Study", "Variant", "read_study"]

MOST_RUNS = 1000  # variants, and seeds of one
MOST_EPOCHS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What differs from the study's own tables.

    Fields  name: of its folders; title: stands in tables and plots; seeds: one run for each
            network, train: keys that differ
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    network: dict = field(default_factory=dict)
    train: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"variant {self.name!r}"
        check_file_name(self.name, where)  # folders are called after it
        check_line(self.title, f"{where}.title")
        few = len(self.seeds) <= MOST_RUNS and all(0 <= seed < 2**32 for seed in self.seeds)
        require(few, where, f"seeds must be at most {MOST_RUNS}, in 0..2**32 - 1", self.seeds)
        once = self.seeds and len(set(self.seeds)) == len(self.seeds)
        require(once, where, "seeds must name at least one seed, and none twice", self.seeds)
        contract = "train must not set the seed; the list seeds does"
        require("seed" not in self.train, where, contract, self.train)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of a study: a configuration, complete but for torch's part."""

    variant: Variant
    seed: int
    config: Config

    @property
    def name(self) -> str:
        """VARIANT-SEED, the name of its folder."""
        return f"{self.variant.name}-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A network, its data, its training, and the variants.

    Fields  title: stands above tables and plots; network, train: what the variants share
            data: its path is seen from the folder of --data; variants: what is compared
    """

    title: str
    network: dict
    data: DataConfig
    train: dict
    variants: tuple[Variant, ...]

    def __post_init__(self) -> None:
        check_line(self.title, "study.title")
        few = len(self.variants) <= MOST_RUNS
        require(few, "study", f"must have at most {MOST_RUNS} variants", len(self.variants))
        names = [variant.name for variant in self.variants]
        once = names and len(set(names)) == len(names)
        require(once, "study", "needs at least one variant, and no name twice", names)

    def runs(
        self, name: str, folder: Path, epochs: int | None = None, seeds: int | None = None
    ) -> Iterator[Run]:
        """Every run: all variants with their first seed, then with their second, and so on.

        ``folder`` holds the data; ``epochs`` replaces those of the recipe; ``seeds`` is the most of
        one variant.
        """
        path = None if self.data.path is None else str(folder / self.data.path)
        data = DataConfig(kind=self.data.kind, path=path)
        most = max(len(variant.seeds) for variant in self.variants)
        for turn in range(most if seeds is None else min(seeds, most)):
            for variant in self.variants:
                if turn >= len(variant.seeds):
                    continue
                plain = self.network | variant.network | {"name": f"{name}-{variant.name}"}
                seed = variant.seeds[turn]
                train = shortened(self.train | variant.train | {"seed": seed}, epochs)
                where = f"variant {variant.name!r}.network"
                network = from_plain(Network | TorchModule, plain, where)
                config = Config(network=network, data=data, train=train)
                yield Run(variant=variant, seed=seed, config=config)


def shortened(train: dict, epochs: int | None) -> dict:
    """A recipe of so many epochs instead, its parts as long in proportion."""
    parts = [key for key in ("epochs", "real_epochs") if key in train]
    contract = f"epochs must be integers in 1..{MOST_EPOCHS}"
    counts = [train.get(key) for key in ("epochs", *parts)]
    whole = all(type(n) is int and 0 <= n <= MOST_EPOCHS for n in counts) and counts[0] > 0
    require(whole, "study.train", contract, counts)
    if epochs is None:
        return train
    return train | {key: train[key] * epochs // train["epochs"] for key in parts}


def read_study(path: Path) -> Study:
    """Read a TOML study and check every network in it; errors name the file and the key."""
    hint = "the project's folder has some in docs/results"
    tables = read_toml(path, f"study {path}", hint=hint)
    try:
        study = from_plain(Study, tables, "study")
        for _ in study.runs(path.stem, Path()):
            pass
    except FqHwError as error:
        raise ArtifactError(f"study {path}: {error}") from error
    return study
