"""A temporary folder for one job: it is gone afterwards, whatever happened."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fq_hw.ending import unfinished
from fq_hw.errors import ArtifactError

__all__ = ["scratch_folder"]


@contextmanager
def scratch_folder(below: Path | None = None) -> Iterator[Path]:
    """An empty folder, below ``below`` or where the system keeps temporary files.

    Raises ArtifactError where none can be made.
    """
    try:
        place = Path(below or tempfile.gettempdir(), f"fq-hw-{os.urandom(6).hex()}")
    except OSError as error:  # its text names all places that were tried
        raise refusal(error) from error
    with unfinished(place):
        try:
            place.mkdir(0o700, parents=below is not None)
        except OSError as error:
            raise refusal(error) from error
        yield place
        shutil.rmtree(place, ignore_errors=True)


def refusal(error: OSError) -> ArtifactError:
    """Why there is no such folder."""
    where = f"{error.filename}: " if error.filename else ""
    message = f"temporary folder: cannot be made ({where}{error.strerror})"
    return ArtifactError(f"{message}; set TMPDIR to a folder that you may write to")
