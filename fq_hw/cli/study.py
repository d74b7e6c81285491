"""Studies: one TOML file that compares variants of a network or its training at equal budget.

The tables network, data and train are a configuration's; each of ``variants`` names what differs,
and the seeds to run it with. A run is a variant with a seed; its network is called STUDY-VARIANT.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fq_hw.artifact import check_file
from fq_hw.cli.config import Config, DataConfig
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.network import Network, from_plain

__all__ = ["Run", "Study", "Variant", "read_study"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What differs from the study's own tables; ``title`` stands in tables and plots."""

    name: str
    title: str
    seeds: tuple[int, ...]
    network: dict = field(default_factory=dict)
    train: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"variant {self.name!r}"
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
    """A network, its data, its training, and the variants; ``path`` is seen from a data folder."""

    title: str
    network: dict
    data: DataConfig
    train: dict
    variants: tuple[Variant, ...]

    def __post_init__(self) -> None:
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
                network = from_plain(Network, plain, where)
                config = Config(network=network, data=data, train=train)
                yield Run(variant=variant, seed=seed, config=config)


def shortened(train: dict, epochs: int | None) -> dict:
    """A recipe of so many epochs instead, its parts as long in proportion."""
    if epochs is None:
        return train
    parts = [key for key in ("epochs", "real_epochs") if key in train]
    return train | {key: train[key] * epochs // train["epochs"] for key in parts}


def read_study(path: Path) -> Study:
    """Read a TOML study and check every network in it; errors name the file and the key."""
    check_file(path, f"study {path}", "the project's folder has some in docs/results")
    try:
        study = from_plain(Study, tomllib.loads(path.read_text(encoding="utf-8")), "study")
        for _ in study.runs(path.stem, Path()):
            pass
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FqHwError) as error:
        raise ArtifactError(f"study {path}: {error}") from error
    return study
