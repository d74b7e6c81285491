"""The door for every file: it is a file, it may be read, and it is no larger than its kind can be.

What comes in is somebody else's: nothing here waits for a pipe, follows a device, or takes more
memory than the limit that the caller names.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from fq_hw.errors import ArtifactError, require

__all__ = [
    "MOST_RECORD_BYTES",
    "check_file",
    "open_file",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_text",
    "read_toml",
]

MOST_RECORD_BYTES = 8 * 2**20  # of a folding, a log: parsed, it has 40 times as many
MOST_TOML_BYTES = 2**20  # of what somebody typed; tomllib takes 2 s and 150 MB for as much
PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""  # of a dotted key
MOST_PARTS = 32  # tomllib takes time and memory with the square of their number
LONG_KEY = re.compile(rf"(?<![\w-])(?:{PART}[ \t]*+\.[ \t]*+){{{MOST_PARTS}}}")
KINDS = {
    stat.S_ISDIR: "is a folder, not a file",
    stat.S_ISFIFO: "is a pipe, not a file",
    stat.S_ISSOCK: "is a socket, not a file",
    stat.S_ISCHR: "is a device, not a file",
    stat.S_ISBLK: "is a device, not a file",
}


def open_file(path: Path, where: str, *, most: int, hint: str = "") -> BinaryIO:
    """Open ``path`` for reading bytes; close it.

    where   how the message begins: the path, or "--fold PATH"
    most    bytes that a file of this kind can have
    hint    which command makes such a file
    Errors  ArtifactError where it is absent, not a regular file, not to be read, or larger
    """
    try:  # O_NONBLOCK: opening a pipe would wait for its writer
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        refuse(error, where, hint)
    try:
        found = os.fstat(handle)
        for is_kind, contract in KINDS.items():
            require(not is_kind(found.st_mode), where, contract, hint=hint, kind=ArtifactError)
        contract = f"a file of this kind has at most {most:,} bytes"
        require(found.st_size <= most, where, contract, found.st_size, kind=ArtifactError)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def refuse(error: OSError | ValueError, where: str, hint: str) -> NoReturn:
    """Say why a file was not opened."""
    if isinstance(error, PermissionError):
        contract = "you may not read this file"
        hint = "change its permissions, or who you are"
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        contract = "there is no such file"
    elif isinstance(error, ValueError):  # a zero byte in the name
        contract = "is no name of a file"
    else:  # a socket, too long a name, a loop of links
        contract = f"cannot be opened ({error.strerror})"
    require(False, where, contract, hint=hint, kind=ArtifactError)
    raise AssertionError


def check_file(path: Path, where: str, *, most: int, hint: str = "") -> None:
    """The checks of ``open_file`` alone, for what a library must open by its name."""
    open_file(path, where, most=most, hint=hint).close()


def read_bytes(path: Path, where: str, *, most: int, hint: str = "") -> bytes:
    """All of ``path``; limits and errors as of ``open_file``."""
    with open_file(path, where, most=most, hint=hint) as file:
        try:
            found = file.read(most + 1)
        except OSError as error:
            refuse(error, where, hint)
    contract = f"a file of this kind has at most {most:,} bytes"  # it may have grown meanwhile
    require(len(found) <= most, where, contract, kind=ArtifactError)
    return found


def read_text(path: Path, where: str, *, most: int = MOST_RECORD_BYTES, hint: str = "") -> str:
    """All of ``path`` as UTF-8, ends of lines as \\n."""
    raw = read_bytes(path, where, most=most, hint=hint)
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        message = f"{where}: must be text in UTF-8, but byte {error.start} is not"
        raise ArtifactError(message) from error


def read_json(path: Path, where: str, *, most: int = MOST_RECORD_BYTES, hint: str = "") -> Any:
    """A JSON file, as strict as ``parse_json``."""
    return parse_json(read_text(path, where, most=most, hint=hint), where)


def read_toml(path: Path, where: str, *, most: int = MOST_TOML_BYTES, hint: str = "") -> dict:
    """A TOML file; its numbers are finite."""
    text = read_text(path, where, most=most, hint=hint)
    contract = f"keys must have at most {MOST_PARTS} parts"
    require(not LONG_KEY.search(text), where, contract, kind=ArtifactError)
    try:
        return tomllib.loads(text, parse_float=finite)
    except RecursionError as error:
        raise ArtifactError(f"{where}: is nested too deeply") from error
    except ValueError as error:
        raise ArtifactError(f"{where}: is no TOML file ({error})") from error


def parse_json(text: str, where: str) -> Any:
    """JSON as its standard has it: no NaN, no infinity, no key twice, no bottomless nesting.

    Raises ArtifactError.
    """
    try:
        return json.loads(
            text, parse_constant=refuse_constant, parse_float=finite, object_pairs_hook=table
        )
    except RecursionError as error:
        raise ArtifactError(f"{where}: is nested too deeply") from error
    except ValueError as error:
        raise ArtifactError(f"{where}: is no JSON ({error})") from error


def finite(word: str) -> float:
    """A number that is one."""
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word[:20]} is not a finite number")
    return value


def refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a finite number")


def table(pairs: list[tuple[str, object]]) -> dict:
    """A JSON object, each of whose keys is there once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return found
