"""Damage to bytes, whatever they mean, and to trees of plain data: values that nobody expects."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from random import Random

__all__ = ["HOSTILE", "another", "broken", "changed_tree", "deep", "leaves", "toml"]

FORGED = "a\nfq-hw: error: forged"
HOSTILE = (
    math.nan, math.inf, -math.inf, 10**30, -(10**30), 2**63, 2**64 - 1, -(2**63), 10**9, -1, 0,
    1e38,
    -1e-300, 1e308, "", " ", "../../victim", "/etc/passwd", ".hidden", "a/b", FORGED,
    "\x1b[2J\x1b[31m",
    "\u202egnp", "x" * 100_000, "\x00", "\ud7ff\uffff", True, False, None, [], {}, [[]],
    [1] * 100_000,
    {"a": 1}, ["x"], [-1, -1, -1], [10**9] * 3, [math.nan], "nan", "-1", [None], "a" * 101, 1.5, 2,
)  # fmt: skip


def broken(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """How ``blob`` was damaged, in words, and what is left of it."""
    size = len(blob)
    kind = rng.randrange(9)
    at = rng.randrange(max(size, 1))
    if kind == 0:
        return f"cut at {at}", blob[:at]
    if kind == 1:
        near = max(size - rng.randrange(1, 16), 0)
        return f"cut at {near}", blob[:near]
    if kind in (2, 3):
        many = rng.choice((1, 1, 2, 8))
        found = bytearray(blob)
        places = sorted(rng.randrange(size) for _ in range(many))
        for one in places:
            found[one] ^= 1 << rng.randrange(8)
        return f"bits flipped in {places}", bytes(found)
    if kind == 4:
        more = rng.randbytes(rng.choice((1, 4, 100)))
        return f"{len(more)} bytes inserted at {at}", blob[:at] + more + blob[at:]
    if kind == 5:
        length = rng.choice((1, 8, 64, 512))
        end = min(at + length, size)
        return f"zeros from {at} to {end}", blob[:at] + bytes(end - at) + blob[end:]
    if kind == 6:
        end = min(at + rng.choice((1, 8, 64, 512)), size)
        return f"without {at} to {end}", blob[:at] + blob[end:]
    if kind == 7:
        more = rng.choice((b"\0" * 4096, rng.randbytes(300), blob, b"\n", b"\xff\xfe"))
        return f"{len(more)} bytes more at the end", blob + more
    end = min(at + 64, size)
    return f"{at} to {end} replaced", blob[:at] + rng.randbytes(end - at) + blob[end:]


def leaves(tree: object, path: tuple = ()) -> Iterator[tuple[tuple, object]]:
    """Every place in ``tree`` below its root, with what is there; inner ones too."""
    pairs = (
        tree.items() if isinstance(tree, dict) else enumerate(tree) if type(tree) is list else ()
    )
    for key, value in pairs:
        yield (*path, key), value
        yield from leaves(value, (*path, key))


def changed_tree(rng: Random, tree: object) -> tuple[str, object]:
    """A copy of ``tree`` with one place changed, and how."""
    found = copy.deepcopy(tree)
    path, value = rng.choice(list(leaves(found)))
    holder = found
    for key in path[:-1]:
        holder = holder[key]
    last, said = path[-1], ".".join(map(str, path))
    kind = rng.randrange(12)
    if kind == 0:
        del holder[last]
        return f"without {said}", found
    if kind == 1 and isinstance(holder, dict):
        name = rng.choice(("", FORGED, "x" * 100_000, "\x1b[2J", f"{last} ", "__class__", "pages"))
        holder[name] = holder.pop(last)
        return f"{said} renamed {name[:30]!r}", found
    if kind == 2 and isinstance(holder, list):
        holder.extend([copy.deepcopy(value)] * rng.choice((1, 1000)))
        return f"{said} repeated", found
    if kind == 3 and isinstance(holder, list) and len(holder) > 1:
        rng.shuffle(holder)
        return f"list of {said} shuffled", found
    if kind == 4:
        holder[last] = deep(rng.choice((50, 5000)))
        return f"{said} nested deeply", found
    if kind == 5 and isinstance(value, int | float) and not isinstance(value, bool):
        holder[last] = rng.choice(
            (value + 1, -value, value * 1000, float(value), str(value), [value])
        )
        return f"{said} = {holder[last]!r}", found
    holder[last] = rng.choice(HOSTILE)
    return f"{said} = {str(holder[last])[:40]!r}", found


class deep(list):
    """A list in a list, so many times; a type of its own, which knows how to be written."""

    def __init__(self, levels: int):
        super().__init__()
        self.levels = levels

    def __deepcopy__(self, memo: dict) -> deep:
        return self

    def text(self) -> str:
        return "[" * self.levels + "]" * self.levels


def as_json(tree: object) -> str:
    """JSON, as Python writes it: NaN too, and whatever depth."""
    held = {}

    def plain(value: object) -> object:
        if isinstance(value, deep):
            held[key := f"deep {len(held)}"] = value.text()
            return key
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list | tuple) else value

    text = json.dumps(plain(tree))
    for key, nested in held.items():
        text = text.replace(json.dumps(key), nested)
    return text


def toml(value: object, top: bool = True) -> str:
    """TOML on lines ``key = value``, each value in line."""
    if isinstance(value, dict) and top:
        return "".join(f"{key_of(key)} = {toml(v, False)}\n" for key, v in value.items())
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_of(k)} = {toml(v, False)}" for k, v in value.items()) + " }"
    if isinstance(value, deep):
        return value.text()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v, False) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return key_of(value)
    return '""' if value is None else repr(value)


def key_of(text: str) -> str:
    """A basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def another(right: object, found: object, key: str = "") -> bool:
    """Whether ``found`` can stand where ``right`` does: of its types, its numbers no giants.

    Then it is another right input, which nobody can tell from the one that was meant.
    """
    if isinstance(right, bool) or isinstance(found, bool):
        return type(right) is type(found)
    if isinstance(right, int | float):
        most = 2**31 if isinstance(found, int) else 1e5
        return isinstance(found, int | float) and math.isfinite(found) and 0 <= found < most
    if isinstance(right, str):
        plain = isinstance(found, str) and found.isprintable() and 0 < len(found) <= 200
        return plain and (key != "name" or not set("/\\") & set(found))  # files are called so
    if isinstance(right, list | tuple):
        if not isinstance(found, list | tuple):
            return False
        kinds = list(right) or [None]
        return all(any(another(r, f) for r in kinds) for f in found)
    if isinstance(right, dict):
        if not isinstance(found, dict) or not set(found) <= set(right):
            return False
        return all(another(right[key], found[key], key) for key in found)
    return right is None and (found is None or another("", found) or another(1, found))
