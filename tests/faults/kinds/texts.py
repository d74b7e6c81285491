"""Configurations, studies (TOML) and foldings (JSON): their bytes, and every value in them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from random import Random

from faults.case import Case
from faults.damage import another, as_json, broken, changed_tree, toml

__all__ = ["config", "fold", "study"]

TRAIN = ("train", "tiny.toml", "--out", "new")
DIRECT = (  # whole files
    b"", b"\0" * 1000, b"\xff\xfe[\0n\0", b"\xef\xbb\xbf", b"[" * 100_000, b"a = " + b"[" * 20_000,
    b"{" * 5000, b"a." * 5000 + b"b = 1", b"[network]\n" * 2, b"a = 1\n" * 200_000,
    b"x" * (17 * 2**20),
    b"NaN", b"[]", b"null", b"1e999", b'{"kind": NaN}', b'{"a": 1, "a": 2}', b"9" * 6000,
)  # fmt: skip


def config(rng: Random, right: Path, number: int, name: str) -> Case:
    """For train, which runs no epoch of a wrong one, and for those that size it."""
    command = rng.choice(("train", "estimate", "fold"))
    words = {
        "train": TRAIN,
        "estimate": ("estimate", "tiny.toml", "--cycles", "600", "--json"),
        "fold": ("fold", "tiny.toml", "--cycles", "600", "--out", "new.json", "--json"),
    }[command]
    outputs = {"train": ("new",), "fold": ("new.json",)}.get(command, ())
    damage, found, other = text(rng, right / "tiny.toml")
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={"tiny.toml": found},
        needs=("tiny.toml", "idx"),
        outputs=outputs,
        other=other,
    )


def study(rng: Random, right: Path, number: int, name: str) -> Case:
    damage, found, other = text(rng, right / "small.toml")
    words = ("accuracy", "small.toml", "--print", "--record", "record", "--json")
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={"small.toml": found},
        needs=("small.toml", "record"),
        outputs=("build", "record"),
        other=other,
    )


def fold(rng: Random, right: Path, number: int, name: str) -> Case:
    damage, found, other = text(rng, right / "fold.json")
    command = rng.choice(
        (("estimate", "--json"), ("estimate", "--json"), ("rtl", "--out", "new.v"))
    )
    words = (command[0], "graph.safetensors", "--fold", "fold.json", *command[1:])
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={"fold.json": found},
        needs=("fold.json", "graph.safetensors"),
        outputs=("new.v",),
        other=other,
    )


def text(rng: Random, path: Path) -> tuple[str, bytes, bool]:
    """Damage, the file, and whether it may be another right one."""
    blob, is_toml = path.read_bytes(), path.suffix == ".toml"
    tree = parsed(blob, is_toml)
    way = rng.randrange(10)
    if way == 0:
        found = rng.choice(DIRECT)
        return f"{len(found)} bytes {found[:20]!r}", found, False
    if way < 4:
        damage, found = broken(rng, blob)
    else:
        damage, changed = changed_tree(rng, tree)
        written = toml(changed) if is_toml else as_json(changed)
        found = written.encode("utf-8", "surrogatepass")
    try:
        meant = parsed(found, is_toml)
    except (ValueError, RecursionError):
        return damage, found, False
    return damage, found, another(tree, meant)


def parsed(blob: bytes, is_toml: bool) -> dict:
    return tomllib.loads(blob.decode()) if is_toml else json.loads(blob)
