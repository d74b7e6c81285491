"""Records as plain data and back: what stands in JSON and TOML, checked field by field."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import types
import typing
from collections.abc import Mapping

from fq_hw.errors import GraphError, one_of, require

__all__ = ["from_plain", "to_plain"]

MOST_ENTRIES = 2**16  # of a list or table
MOST_INTEGER = 2**63
KINDS = {"int": "an integer", "float": "a number", "str": "a string", "bool": "true or false",
         "dict": "a table", "ndarray": "an array"}  # fmt: skip


def to_plain(record: object) -> object:
    """A record as dicts, lists, strings and numbers, ready for JSON or TOML."""
    if dataclasses.is_dataclass(record):
        return {f.name: to_plain(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, enum.Enum):
        return record.value
    if isinstance(record, tuple):
        return [to_plain(item) for item in record]
    if isinstance(record, dict):
        return {key: to_plain(item) for key, item in record.items()}
    return record


@functools.cache
def hints(kind: type) -> dict[str, typing.Any]:
    """The types of a record's fields."""
    return typing.get_type_hints(kind)


def known_keys(kind: typing.Any, plain: object) -> int:
    """How many keys of a table are fields of ``kind``: of several records the best fit is meant."""
    if not dataclasses.is_dataclass(kind) or not isinstance(plain, Mapping):
        return 0
    return len({f.name for f in dataclasses.fields(kind)} & set(plain))


def from_plain(kind: typing.Any, plain: object, where: str) -> typing.Any:
    """Inverse of :func:`to_plain`: build ``kind`` from plain data, refusing what does not fit.

    Raises GraphError with the path of the field, for a missing, unknown or mistyped one. Integers
    have at most 64 bits, lists and tables at most 65,536 entries.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return record_of(kind, plain, where)
    if origin is tuple:
        few(plain, list | tuple, "a list", where)
        if arguments[-1] is Ellipsis:
            arguments = (arguments[0],) * len(plain)
        long = len(plain) == len(arguments)
        require(long, where, f"must have {len(arguments)} entries", plain, kind=GraphError)
        pairs = enumerate(zip(arguments, plain, strict=True))
        return tuple(from_plain(a, p, f"{where}[{i}]") for i, (a, p) in pairs)
    if origin is dict:
        few(plain, Mapping, "a table", where)
        return {key: from_plain(arguments[1], p, f"{where}.{key}") for key, p in plain.items()}
    if origin is types.UnionType:
        if plain is None and type(None) in arguments:
            return None
        kinds = [a for a in arguments if a is not type(None)]
        listed = isinstance(plain, list | tuple)
        kinds = [a for a in kinds if (typing.get_origin(a) is tuple) == listed] or kinds
        return from_plain(max(kinds, key=lambda k: known_keys(k, plain)), plain, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        one_of(plain, [member.value for member in kind], where, kind=GraphError)
        return kind(plain)
    return value_of(kind, plain, where)


def few(plain: object, kind: typing.Any, wanted: str, where: str) -> None:
    """Refuse what is not of ``kind``, or has too many entries."""
    require(isinstance(plain, kind), where, f"must be {wanted}", plain, kind=GraphError)
    contract = f"must have at most {MOST_ENTRIES:,} entries"
    require(len(plain) <= MOST_ENTRIES, where, contract, len(plain), kind=GraphError)


def record_of(kind: type, plain: object, where: str) -> typing.Any:
    """The record of class ``kind`` that a table holds."""
    few(plain, Mapping, "a table", where)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for key in sorted(set(plain) - set(fields), key=str):
        one_of(key, fields, where, f"the keys are {', '.join(sorted(fields))}", kind=GraphError)
    none = dataclasses.MISSING
    needed = [n for n, f in fields.items() if f.default is none and f.default_factory is none]
    missing = [n for n in needed if n not in plain]
    contract = f"lacks the keys {', '.join(missing)}"
    require(not missing, where, contract, sorted(plain), kind=GraphError)
    kinds = hints(kind)
    return kind(**{n: from_plain(kinds[n], plain[n], f"{where}.{n}") for n in plain})


def value_of(kind: type, plain: object, where: str) -> typing.Any:
    """A value of the plain type ``kind``, or a whole number where a real one is wanted."""
    whole = isinstance(plain, int) and not isinstance(plain, bool)
    if whole and kind in (int, float):
        fits = -MOST_INTEGER <= plain < MOST_INTEGER
        require(fits, where, "must be an integer of 64 bits", plain, kind=GraphError)
        return kind(plain)
    fits = isinstance(plain, kind) and (kind is bool or not isinstance(plain, bool))
    require(fits, where, f"must be {KINDS[kind.__name__]}", plain, kind=GraphError)
    finite = kind is not float or math.isfinite(plain)
    require(finite, where, "must be a finite number", plain, kind=GraphError)
    return plain
