"""What is built once and found again: folders under a hash of everything that went in."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fq_hw.ending import unfinished
from fq_hw.errors import ArtifactError, ToolError

__all__ = ["kept", "place_of"]


def kept(folder: Path, recipe: object, make: Callable[[Path], None]) -> Path:
    """The folder below ``folder`` that ``make`` fills from ``recipe``, once.

    recipe  its ``repr`` holds all that the content depends on, versions of tools too
    make    is called with an empty folder, which gets its name when it is whole; so two processes
            may make the same at a time. A tool's failure leaves its logs there, anything else
            nothing
    """
    place = place_of(folder, recipe)
    if place.is_dir():
        return place
    forget(place)
    work = place.with_name(f"{place.name}.{os.getpid()}.partial")
    shutil.rmtree(work, ignore_errors=True)
    try:
        with unfinished(work, keep=(ToolError,)):  # the message of one names a log in there
            work.mkdir(parents=True)
            make(work)
            with suppress(OSError):  # another process may have made the same meanwhile
                work.rename(place)
    except OSError as error:
        name = error.filename or folder
        message = f"{name}: could not be written ({error.strerror})"
        raise ArtifactError(message) from error
    shutil.rmtree(work, ignore_errors=True)
    return place


def place_of(folder: Path, recipe: object) -> Path:
    """Where ``kept`` keeps what is made from ``recipe``, made or not."""
    return folder / hashlib.sha256(repr(recipe).encode()).hexdigest()[:16]


def forget(place: Path) -> None:
    """Remove what processes that are gone left of ``place``."""
    for old in place.parent.glob(f"{place.name}.*.partial"):
        number = old.name.split(".")[-2]
        if number.isdecimal() and not alive(int(number)):
            shutil.rmtree(old, ignore_errors=True)


def alive(number: int) -> bool:
    """Whether the process ``number`` is there; one of another user is."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
