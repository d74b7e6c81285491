"""Files are written whole or not at all: through a neighbour that takes their place at the end.

An interrupt, a full disk or a second writer leaves the earlier file, or a whole new one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fq_hw.ending import unfinished
from fq_hw.errors import ArtifactError, require

__all__ = ["append_line", "check_output", "drop_torn_line", "write_bytes", "write_text",
           "write_together", "writing"]  # fmt: skip

LONGEST_STEM = 60  # of the neighbour's name, which has a number and a suffix besides


def check_output(path: Path, where: str) -> Path:
    """The file that is meant by ``path``, links followed; its folder is made.

    Call it before any work. Raises ArtifactError, beginning with ``where``, where it is a folder, a
    device, a pipe or a socket, or where its folder cannot be made or written to.
    """
    named = str(path) not in ("", ".")
    require(named, where, "must name a file", str(path), kind=ArtifactError)
    contract = "must be one line of printable characters, as the path is told when it is written"
    require(str(path).isprintable(), where, contract, str(path), kind=ArtifactError)
    mode = None
    try:
        target = Path(os.path.realpath(path))
        with suppress(FileNotFoundError):
            mode = target.stat().st_mode
    except (OSError, ValueError) as error:
        refuse(error, where)
    if mode is not None:
        contract = "is a folder; a file shall be written"
        require(not stat.S_ISDIR(mode), where, contract, hint="name one", kind=ArtifactError)
        contract = "is a device, a pipe or a socket, and would be replaced by a file"
        require(stat.S_ISREG(mode), where, contract, hint="name a file", kind=ArtifactError)
        contract = "you may not change this file"
        allowed = os.access(target, os.W_OK)
        require(allowed, where, contract, hint="name another", kind=ArtifactError)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{where}: its folder cannot be made ({error.strerror}); name another"
        raise ArtifactError(message) from error
    allowed = os.access(target.parent, os.W_OK | os.X_OK)
    contract = "you may not write to this folder"
    require(allowed, where, contract, hint="name another file", kind=ArtifactError)
    return target


def refuse(error: OSError | ValueError, where: str) -> None:
    reason = error.strerror if isinstance(error, OSError) else "a zero byte in its name"
    raise ArtifactError(f"{where}: cannot be written ({reason}); name another file") from error


@contextmanager
def writing(path: Path, where: str = "") -> Iterator[Path]:
    """A new file beside ``path``, to be written; it takes the place of ``path`` at the end.

    After an exception, an interrupt too, it is gone and ``path`` is as it was. ArtifactError where
    nothing can be written, as on a full disk. For libraries that want a name.
    """
    where = where or str(path)
    target = check_output(path, where)
    name = f".{target.stem[:LONGEST_STEM]}.{os.urandom(6).hex()}.partial{target.suffix[:20]}"
    partial = target.with_name(name)
    try:
        with unfinished(partial):
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.fchmod(handle, mode_of(target))
            os.close(handle)
            yield partial
            os.replace(partial, target)
    except OSError as error:
        message = f"{where}: could not be written ({error.strerror})"
        raise ArtifactError(f"{message}; what was there is unchanged") from error


def mode_of(target: Path) -> int:
    """Permissions of the file that is there, or those of any new file."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_bytes(path: Path, content: bytes, where: str = "") -> None:
    """Write ``content`` whole or not at all; ArtifactError, beginning with ``where``, if not."""
    with writing(path, where) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str, where: str = "") -> None:
    """The same of a text, as UTF-8."""
    write_bytes(path, text.encode(), where)


def write_together(texts: Mapping[Path, str], where: str) -> None:
    """Write several texts: none takes its place before all are written.

    ``where`` begins the line of an error, before the path.
    """
    with ExitStack() as all_or_none:
        for path, text in texts.items():
            partial = all_or_none.enter_context(writing(path, f"{where} {path}"))
            partial.write_bytes(text.encode())


def append_line(path: Path, line: str) -> None:
    """Add ``line`` to a log: all of it, or, on a full disk, nothing and an ArtifactError.

    A last line without its end, which a crash has torn, makes way.
    """
    content = f"{line}\n".encode()
    target = check_output(path, f"{path}")
    try:
        with open(target, "a+b", buffering=0) as file:
            before = end_of_lines(file)
            file.truncate(before)
            try:
                done = file.write(content)
                if done < len(content):
                    file.write(content[done:])
            except OSError:
                file.truncate(before)
                raise
    except OSError as error:
        message = f"{path}: could not be written ({error.strerror}); the lines before are kept"
        raise ArtifactError(message) from error


def drop_torn_line(path: Path) -> None:
    """Cut what a crash has left of a log's last line."""
    with open(path, "r+b", buffering=0) as file:
        end = end_of_lines(file)
        if end < file.seek(0, os.SEEK_END):
            file.truncate(end)


def end_of_lines(file: BinaryIO) -> int:
    """Where the last whole line of a log ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        begin = max(end - 65_536, 0)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
