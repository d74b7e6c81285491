"""One process at a time: a lock on a file or folder, which the system opens when it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fq_hw.errors import ArtifactError

__all__ = ["alone"]


@contextmanager
def alone(
    path: Path, where: str, hint: str = "name another --out", *, place: str = "there"
) -> Iterator[None]:
    """Nobody else is ``alone`` with ``path``, a file or folder that is there.

    Raises ArtifactError, beginning with ``where``, while another process is, which works in
    ``place``. A file must not be replaced meanwhile: what has its name then is not locked.
    """
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ArtifactError(f"{where}: cannot be opened ({error.strerror}); {hint}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"{where}: another fq-hw works {place}; wait for it, or {hint}"
            raise ArtifactError(message) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(lock)
