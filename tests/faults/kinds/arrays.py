"""Checkpoints, graphs and fixed-point networks: a JSON record and arrays in safetensors.

Damage is to the bytes, to the header of safetensors, or, signed again, to the record or an array.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from random import Random

import numpy as np
import safetensors.numpy

from faults.case import Case
from faults.damage import FORGED, another, as_json, broken, changed_tree
from fq_hw import artifact

__all__ = ["checkpoint", "fixed", "graph"]

DATA = ("--data", "idx", "--path", "idx", "--images", "6", "--json")
COMMANDS = {  # words behind the file, what they need, what they write
    "show": ((), (), ()),
    "export": (("--out", "new.safetensors"), (), ("new.safetensors",)),
    "golden": (DATA, ("idx",), ()),
    "estimate": (("--cycles", "600", "--json"), (), ()),
    "fold": (("--cycles", "600", "--out", "new.json", "--json"), (), ("new.json",)),
    "rtl": (("--cycles", "600", "--out", "new.v"), (), ("new.v",)),
}
OF_CHECKPOINTS = ("show", "export", "golden", "golden", "estimate")
OF_GRAPHS = ("show", "export", "golden", "golden", "golden", "estimate", "fold", "rtl")
EXTREME = {
    "f": (np.nan, np.inf, -np.inf, 1e38, -1e38, 1e-45, 0),
    "i": ("min", "max", 0, -1),
    "u": ("min", "max", 1),
}


def checkpoint(rng: Random, right: Path, number: int, name: str) -> Case:
    return drawn(rng, right, name, "checkpoint.safetensors", rng.choice(OF_CHECKPOINTS))


def fixed(rng: Random, right: Path, number: int, name: str) -> Case:
    return drawn(rng, right, name, "fixed.safetensors", rng.choice(OF_CHECKPOINTS))


def graph(rng: Random, right: Path, number: int, name: str) -> Case:
    return drawn(rng, right, name, "graph.safetensors", rng.choice(OF_GRAPHS))


def drawn(rng: Random, right: Path, name: str, file: str, command: str) -> Case:
    """A file damaged in one of the ways below."""
    blob = (right / file).read_bytes()
    way = rng.randrange(10)
    other = False
    if way < 3:
        damage, found = broken(rng, blob)
    elif way < 5:
        damage, found = header(rng, blob)
    elif way < 8:
        damage, found, other = record(rng, right / file)
    else:
        damage, found, other = array(rng, right / file)
    options, needs, outputs = COMMANDS[command]
    words = (command, file, *options)
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={file: found},
        needs=(file, *needs),
        outputs=outputs,
        other=other,
        check="as_integers",
    )


def header(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """The JSON header of safetensors, its length told rightly or not."""
    (length,) = struct.unpack("<Q", blob[:8])
    head, rest = blob[8 : 8 + length], blob[8 + length :]
    if rng.random() < 0.2:
        told = rng.choice((0, 1, length - 1, length + 1, 2**32, 2**63, 2**64 - 1, len(blob)))
        return f"header of {told} bytes", struct.pack("<Q", told) + blob[8:]
    tree = json.loads(head)
    if rng.random() < 0.4:  # the small text that says what it is, not the arrays
        inner = json.loads(tree["__metadata__"]["fq_hw"])
        how, inner = changed_tree(rng, inner)
        tree["__metadata__"]["fq_hw"] = as_json(inner)
        return f"metadata: {how}", packed(tree, rest)
    how, tree = changed_tree(rng, tree)
    return f"header: {how}", packed(tree, rest)


def packed(tree: object, rest: bytes) -> bytes:
    head = as_json(tree).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(head)) + head + rest


def content(path: Path) -> tuple[str, dict, dict[str, np.ndarray]]:
    """Kind, record and arrays of a right file."""
    kind = artifact.kind(path)
    return (kind, *artifact.read(path, kind, "fq-hw"))


def signed(kind: str, record: object, arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of a file with a checksum that fits, as somebody would make it who means harm."""
    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    text = as_json(record)
    known = all(array.dtype in artifact.TYPE_NAMES for array in ordered.values())
    right = artifact.checksum(kind, text, ordered) if known else ""
    own = {"kind": kind, "record": text, "sha256": right}
    return safetensors.numpy.save(ordered, {"fq_hw": json.dumps(own)})


def record(rng: Random, path: Path) -> tuple[str, bytes, bool]:
    """One place of the record."""
    kind, right, arrays = content(path)
    how, found = changed_tree(rng, right)
    if "name" in right and rng.random() < 0.1:  # graphs: the name first
        found = right | {
            "name": rng.choice(("../../victim", "", FORGED, "a/b", ".x", 5, "\x1b[2J"))
        }
        how = f"name = {found['name']!r}"
    return f"record: {how}", signed(kind, found, arrays), another(right, found)


def array(rng: Random, path: Path) -> tuple[str, bytes, bool]:
    """One array: its values, type, shape, name, or the array itself."""
    kind, right, arrays = content(path)
    key = rng.choice(sorted(arrays))
    found = arrays[key]
    way = rng.randrange(8)
    if way <= 2:
        value = rng.choice(EXTREME[found.dtype.kind])
        limits = np.iinfo(found.dtype) if found.dtype.kind in "iu" else None
        value = {"min": limits and limits.min, "max": limits and limits.max}.get(value, value)
        changed = found.copy()
        if rng.random() < 0.5:
            changed[...] = value
        elif changed.size:
            changed.reshape(-1)[rng.randrange(changed.size)] = value
        how, found = f"{value}", changed
    elif way == 3:
        types = (np.float64, np.float16, np.int8, np.uint8, np.int64, np.uint64, np.bool_, np.int32)
        dtype = rng.choice(types)
        with np.errstate(all="ignore"):
            how, found = f"as {np.dtype(dtype)}", found.astype(dtype)
    elif way == 4:
        shapes = (
            found.reshape(-1),
            found[None],
            found[:0],
            found.reshape(found.shape[::-1]),
            np.repeat(found, 2, axis=0) if found.ndim else found,
        )
        found = rng.choice(shapes)
        how = f"of shape {found.shape}"
    elif way == 5:
        arrays.pop(key)
        return f"without array {key}", signed(kind, right, arrays), False
    elif way == 6:
        new = rng.choice(
            ("../../victim", FORGED, "", "x" * 5000, f"{key}:weight", "\x1b[2J:weight", ":")
        )
        arrays[new] = arrays[key] if rng.random() < 0.5 else arrays.pop(key)
        return f"array {key} as {new[:20]!r}", signed(kind, right, arrays), False
    else:
        dice = np.random.default_rng(rng.randrange(2**32))
        limits = (-100, 100) if found.dtype.kind in "if" else (0, 100)
        how, found = "random", dice.integers(*limits, found.shape).astype(found.dtype)
    arrays[key] = found
    finite = found.dtype.kind != "f" or bool(np.isfinite(found).all())
    return f"array {key} {how}", signed(kind, right, arrays), finite and way in (0, 1, 2, 3, 7)
