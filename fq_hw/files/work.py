"""Folders to work in: emptied only where they are our own, and one process in each at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fq_hw.ending import unfinished
from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files.alone import alone

__all__ = ["MARK", "work_folder"]

MARK = ".fq-hw"  # a file in every folder that may be emptied


@contextmanager
def work_folder(path: Path, where: str) -> Iterator[Path]:
    """An empty folder ``path`` for this process alone; what it holds at the end stays.

    It stays after an expected error too, whose message may name a log; an interrupt leaves nothing.
    Raises ArtifactError, beginning with ``where``, for a folder or file that was not made here, and
    for one in which another process works.
    """
    hint = "move it away, or name another file with --out"
    link = path.is_symlink() or (path.exists() and not path.is_dir())
    require(not link, where, f"{path} must be a folder of its own", hint=hint, kind=ArtifactError)
    foreign = path.is_dir() and not (path / MARK).is_file() and any(path.iterdir())
    contract = f"works in {path}, which holds files of somebody else"
    require(not foreign, where, contract, hint=hint, kind=ArtifactError)
    try:
        path.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path / MARK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666))
    except OSError as error:
        message = f"{where}: {path} cannot be made a folder ({error.strerror}); {hint}"
        raise ArtifactError(message) from error
    with alone(path / MARK, where, place=f"in {path}"):
        empty(path)
        with unfinished(path, keep=(FqHwError,)):
            yield path


def empty(path: Path) -> None:
    """Remove all but the mark."""
    for inside in path.iterdir():
        if inside.name == MARK:
            continue
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()
