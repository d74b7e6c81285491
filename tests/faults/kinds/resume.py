"""What a run left to go on with: state.pt, metrics.jsonl, the log of a search, a study's record."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import math
import pickle
import zipfile
from pathlib import Path
from random import Random

from faults.case import Case, Special
from faults.damage import FORGED, another, as_json, broken, changed_tree
from fq_hw.files.sealed import HEAD, SEAL_BYTES

__all__ = ["EVIL", "record", "run", "search"]

CANARY = "../executed"
CHECK = "check"  # the key of a row's check


class Evil:
    """A pickle that writes a file where it is read."""

    def __reduce__(self):
        return open, (CANARY, "w")


EVIL = pickle.dumps(Evil(), protocol=2)
STATES = (math.nan, -1, 10**30, 2, 1, True, "1", None, [], {}, FORGED, "x" * 100_000, -(2**63))


def run(rng: Random, right: Path, number: int, name: str) -> Case:
    """`fq-hw train --resume` of a run that stopped after its first of two epochs."""
    file = rng.choice(
        ("state.pt", "state.pt", "state.pt", "metrics.jsonl", "checkpoint.safetensors")
    )
    blob = (right / "run" / file).read_bytes()
    found: bytes | Special
    if file == "metrics.jsonl" and rng.random() < 0.7:
        damage, found = rows(rng, blob)
    elif file == "state.pt" and rng.random() < 0.6:
        damage, found = state(rng, blob[SEAL_BYTES:])
        if rng.random() < 0.9:  # sealed again
            found = HEAD + hashlib.sha256(found).hexdigest().encode() + b"\n" + found
    elif rng.random() < 0.15:
        damage, found = "gone", Special("gone")
    else:
        damage, found = broken(rng, blob)
    words = ("train", "tiny.toml", "--out", "run", "--resume", "--json")
    return Case(
        name=name,
        damage=f"{file}: {damage}",
        words=words,
        usual=words,
        files={f"run/{file}": found},
        needs=("tiny.toml", "idx", "run"),
        outputs=("run",),
        touched=("run/metrics.jsonl",),  # the row of the epoch, which its next try writes again
        other=file == "metrics.jsonl" and plausible(blob, found),
    )


def state(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """The zip of torch: a pickle that runs code or asks for much, other values, other members."""
    way = rng.randrange(6)
    if way == 0:
        return "a pickle that runs code", zipped(blob, {"data.pkl": EVIL})
    if way == 1:
        return "a plain pickle that runs code", EVIL
    if way == 2:
        bomb = rng.choice(
            (b"\x80\x02]" + b"]" * 2_000_000 + b".", b"\x80\x02" + b"(" * 5_000_000 + b".")
        )
        return "a pickle nested deeply", zipped(blob, {"data.pkl": bomb})
    if way == 3:
        with zipfile.ZipFile(io.BytesIO(blob)) as file:
            members = [m for m in file.namelist() if "/data/" in m]
        some = rng.choice(members).partition("/")[2]
        return f"{some} cut", zipped(blob, {some: b"\0\0"})
    return changed_state(rng, blob)


def changed_state(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """Written by torch with one value changed."""
    import torch

    tree = torch.load(io.BytesIO(blob), weights_only=True)
    places = list(inner(tree))
    path, value = rng.choice(places)
    holder = functools.reduce(lambda held, key: held[key], path[:-1], tree)
    if isinstance(value, torch.Tensor):
        some = rng.choice(
            (
                value.double() * math.nan,
                value[None],
                value.to(torch.int8),
                value.float() * 1e38,
                torch.zeros(0),
                value.to_sparse() if value.ndim else value[None, None],
                5,
            )
        )
    else:
        some = rng.choice(STATES)
    if rng.random() < 0.2:
        del holder[path[-1]]
        how = "gone"
    else:
        holder[path[-1]], how = some, str(getattr(some, "shape", some))[:40]
    held = io.BytesIO()
    torch.save(tree, held)
    return f"{'.'.join(map(str, path))} {how!r}", held.getvalue()


def inner(tree: object, path: tuple = ()):
    """Places in what torch saved: dicts and lists."""
    pairs = (
        tree.items() if isinstance(tree, dict) else enumerate(tree) if type(tree) is list else ()
    )
    for key, value in list(pairs):
        yield (*path, key), value
        yield from inner(value, (*path, key))


def zipped(blob: bytes, members: dict[str, bytes]) -> bytes:
    """The zip ``blob`` with other content in some of its files, their sums right."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(blob)) as old, zipfile.ZipFile(held, "w") as new:
        for info in old.infolist():
            new.writestr(
                info.filename, members.get(info.filename.partition("/")[2], old.read(info))
            )
    return held.getvalue()


def rows(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """Lines of JSON, one of them changed, or lines more or fewer."""
    lines = blob.decode().splitlines()
    way = rng.randrange(6)
    at = rng.randrange(len(lines))
    if way == 0:
        lines.insert(
            at, rng.choice(("", "null", "[]", "{}", "5", "NaN", '"x"', "{", "\x00", "[" * 100_000))
        )
        return f"line {at} more: {lines[at][:20]!r}", text(lines)
    if way == 1:
        del lines[at]
        return f"without line {at}", text(lines)
    if way == 2:
        lines[at] = lines[at][: rng.randrange(len(lines[at]))]
        return f"line {at} cut", text(lines)
    if way == 3:
        lines.append(lines[at])
        return f"line {at} twice", text(lines)
    row = json.loads(lines[at])
    check = row.pop(CHECK, None)
    how, changed = changed_tree(rng, row)
    lines[at] = signed(changed) if rng.random() < 0.7 else as_json({**changed, CHECK: check})
    return f"line {at}: {how}", text(lines)


def signed(row: dict) -> str:
    """A line with a check that fits, as somebody would make it who means harm."""
    check = hashlib.sha256(as_json(row).encode()).hexdigest()[:16]
    return as_json({**row, CHECK: check})


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def search(rng: Random, right: Path, number: int, name: str) -> Case:
    """`fq-hw search --resume` of a search that lacks its last decisions."""
    file = "search/net.safetensors.jsonl"
    blob = (right / file).read_bytes()
    damage, found = rows(rng, blob) if rng.random() < 0.7 else broken(rng, blob)
    words = (
        "search",
        "float.safetensors",
        "--target",
        "0.5",
        "--bits",
        "6",
        "--resume",
        "--out",
        "search/net.safetensors",
        "--json",
    )
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={file: found},
        needs=("float.safetensors", "idx", "search"),
        outputs=("search",),
        compared=("search/net.safetensors",),
    )


def record(rng: Random, right: Path, number: int, name: str) -> Case:
    """`fq-hw accuracy --print` of what was recorded."""
    file = "record/small.jsonl"
    blob = (right / file).read_bytes()
    damage, found = rows(rng, blob) if rng.random() < 0.7 else broken(rng, blob)
    words = ("accuracy", "small.toml", "--print", "--record", "record", "--json")
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={file: found},
        needs=("small.toml", "record"),
        outputs=("build", "record"),
        compared=("build",),
        other=plausible(blob, found),
    )


def plausible(blob: bytes, found: bytes | Special) -> bool:
    """Whether every line may be the record of some run."""
    if isinstance(found, Special):
        return False
    pattern = json.loads(blob.splitlines()[0])
    whole = found[: found.rfind(b"\n") + 1]  # a torn last line does not count
    try:
        lines = [json.loads(line) for line in whole.decode().splitlines()]
    except (ValueError, RecursionError):
        return False
    if not all(type(one) is dict and alike(pattern, one) for one in lines):
        return False
    runs = [tuple(map(one.get, ("variant", "seed", "epochs", "epoch"))) for one in lines]
    return len(set(runs)) == len(runs)


def alike(pattern: dict, one: dict) -> bool:
    """Whether it has the same keys, and values of the same kind; names are any text."""
    plain = [{k: v for k, v in row.items() if type(v) is not str} for row in (pattern, one)]
    same = one.keys() - {CHECK} == pattern.keys() - {CHECK}
    return same and plain[0].keys() == plain[1].keys() and another(*plain)
