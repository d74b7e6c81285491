"""Models trained elsewhere: ONNX, every field of its protobuf, and packed weights in npz."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from random import Random

import numpy as np

from faults.case import Case
from faults.damage import FORGED, broken
from faults.kinds.bombs import npy_head, zip_bomb
from faults.kinds.resume import EVIL

__all__ = ["npz", "onnx"]

WHOLE = (10**9, -1, 0, 2**62, -(2**63), 2**31, 1, 2, 3)
REAL = (math.nan, math.inf, -math.inf, 1e38, -1.0, 0.0, 1e-45, 0.5)
NAMES = ("", FORGED, "../../victim", "\x1b[2J", "x" * 100_000, "image", "t3", "Conv", "\u202e")
RAW = (b"", b"\0" * 8, b"\xff" * 400, b"\0\0\xc0\x7f" * 16, b"x" * 100_000)


def onnx(rng: Random, right: Path, number: int, name: str) -> Case:
    """`fq-hw import`; what it takes must compute what qonnx computes."""
    blob = (right / "net.onnx").read_bytes()
    damage, found = broken(rng, blob) if rng.random() < 0.3 else field(rng, blob)
    words = ("import", "net.onnx", "--out", "new.safetensors")
    return Case(
        name=name,
        damage=damage,
        words=words,
        files={"net.onnx": found},
        needs=("net.onnx",),
        outputs=("new.safetensors",),
        usual=words,
        other=True,
        check="as_qonnx",
    )


def field(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """One field of one message anywhere in the model, set, cleared, repeated or taken away."""
    from onnx import load_from_string

    model = load_from_string(blob)
    messages = list(within(model, "model"))
    where, message = rng.choice(messages)
    fields = message.DESCRIPTOR.fields
    there = [one for one, _ in message.ListFields()]
    one = rng.choice(there if there and rng.random() < 0.7 else list(fields))
    said = f"{where}.{one.name}"
    is_list = one.is_repeated
    value = getattr(message, one.name)
    if one.message_type:
        return several(rng, model, message, one, said)
    options = {"double": REAL, "float": REAL, "string": NAMES, "bytes": RAW}
    kind = {1: "double", 2: "float", 9: "string", 12: "bytes"}.get(one.type, "whole")
    some = rng.choice(options.get(kind, WHOLE))
    try:
        if not is_list:
            setattr(message, one.name, some)
        elif value and rng.random() < 0.6:
            value[rng.randrange(len(value))] = some
        else:
            value.extend([some] * rng.choice((1, 3, 1000)))
    except (ValueError, TypeError):  # beyond 32 bits, or no text
        message.ClearField(one.name)
        some = "cleared"
    return f"{said} = {str(some)[:30]!r}", model.SerializeToString()


def several(rng: Random, model, message, one, said: str) -> tuple[str, bytes]:
    """A field that holds messages."""
    value = getattr(message, one.name)
    if not one.is_repeated or not len(value) or rng.random() < 0.1:
        message.ClearField(one.name)
        return f"{said} cleared", model.SerializeToString()
    at = rng.randrange(len(value))
    way = rng.randrange(4)
    if way == 0:
        del value[at]
        return f"{said} {at} gone", model.SerializeToString()
    if way == 1:
        value.extend([value[at]] * rng.choice((1, 500)))
        return f"{said} {at} repeated", model.SerializeToString()
    if way == 2 and len(value) > 1:
        other = rng.randrange(len(value))
        kept = type(value[at]).FromString(value[at].SerializeToString())
        value[at].CopyFrom(value[other])
        value[other].CopyFrom(kept)
        return f"{said} {at} and {other} change places", model.SerializeToString()
    value[at].Clear()
    return f"{said} {at} empty", model.SerializeToString()


def within(message, where: str):
    """A message and all inside it, with their places."""
    yield where, message
    for one, value in message.ListFields():
        if one.message_type:
            inside = value if one.is_repeated else [value]
            for at, part in enumerate(inside):
                yield from within(part, f"{where}.{one.name}{at if one.is_repeated else ''}")


def npz(rng: Random, right: Path, number: int, name: str) -> Case:
    """`fq-hw import` of packed weights."""
    blob = (right / "cnv.npz").read_bytes()
    if number < len(BOMBS):
        damage, found, other = *BOMBS[number](blob), False
    elif rng.random() < 0.4:
        damage, found = broken(rng, blob)
        other = False
    else:
        damage, found, other = member(rng, blob)
    words = ("import", "cnv.npz", "--out", "new.safetensors", "--json")
    return Case(
        name=name,
        damage=damage,
        words=words,
        usual=words,
        files={"cnv.npz": found},
        needs=("cnv.npz",),
        outputs=("new.safetensors",),
        other=other,
    )


BOMBS = (
    lambda blob: ("a bomb of 3 GB", zip_bomb("l0.w_packed.npy", npy_head("|u1", (3 * 2**30 - 128,
    )), 3 * 1024)),
    lambda blob: ("a bomb that is no array", zip_bomb("l0.w_packed.npy", b"", 2 * 1024)),
    lambda blob: ("an array that is said to be huge", renewed(blob, "l0.shape.npy", npy_head("<i8",
    (2**40,)))),
    lambda blob: ("a negative shape", renewed(blob, "l0.shape.npy", npy_head("<i8", (-1, 4)))),
    lambda blob: ("objects that run code", renewed(blob, "l0.shape.npy", npy_head("|O", (1,
    )) + EVIL)),
    lambda blob: ("a pickle that runs code", EVIL),
    lambda blob: ("an npy header that runs code",
                  renewed(blob, "l0.shape.npy",
                  npy_text("__import__('os').system('touch ../executed')"))),
    lambda blob: ("an npy header nested deeply", renewed(blob, "l0.shape.npy",
    npy_text("(" * 9000))),
    lambda blob: ("an npy header of 60 MB", renewed(blob, "l0.shape.npy",
    npy_text(" " * 60_000_000))),
    lambda blob: ("a name outside", renewed(blob, "../../victim.npy", npy_head("<i8", (0,)))),
    lambda blob: ("100,000 members", many(100_000)),
    lambda blob: ("a forged name", renewed(blob, FORGED + ".npy", b"x")),
)  # fmt: skip


def npy_text(text: str) -> bytes:
    """A .npy file with any text as its header."""
    return b"\x93NUMPY\x02\0" + len(text).to_bytes(4, "little") + text.encode()


def renewed(blob: bytes, name: str, content: bytes) -> bytes:
    """The zip with a member more, or another one."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(blob)) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, content)
    return held.getvalue()


def many(count: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for number in range(count):
            file.writestr(f"{number}.npy", b"")
    return held.getvalue()


def member(rng: Random, blob: bytes) -> tuple[str, bytes, bool]:
    """One array: its values, type or shape."""
    with np.load(io.BytesIO(blob)) as file:
        arrays = dict(file)
    key = rng.choice(sorted(arrays))
    found = arrays[key]
    changed = found.copy()
    way = rng.randrange(5)
    same = False
    if way == 0:
        changed.reshape(-1)[rng.randrange(changed.size)] = rng.choice(
            (0, 1, 127, 3, np.iinfo(found.dtype).max, np.iinfo(found.dtype).min)
        )
        how, same = "another value", True
    elif way == 1:
        dtype = rng.choice(
            ("f4", "f8", "i8", "u8", "i1", "?", "c8", "S3", "U2", "M8[s]", ">i8", "f2")
        )
        how, changed = f"as {dtype}", found.astype(dtype)
        same = dtype in ("i8", ">i8", "u8") and key.endswith(("thr", "shape"))
    elif way == 2:
        changed = rng.choice(
            (found[None], found[:0], found.reshape(-1)[:1], np.float64(3), found[::-1])
        )
        how, same = f"of shape {changed.shape}", changed.shape == found.shape
    elif way == 3:
        how, changed = "not a number", np.full(found.shape, rng.choice((math.nan, math.inf, 1e300)))
    else:
        how = "gone"
    arrays[key] = changed
    if way == 4:
        del arrays[key]
    held = io.BytesIO()
    np.savez(held, **arrays)
    return f"{key} {how}", held.getvalue(), same
