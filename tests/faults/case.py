"""A case: a command line, the files that it finds, and what may come out."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Case", "Special", "place"]


@dataclass(frozen=True)
class Special:
    """What is put in the place of a file where that is not bytes.

    what    fifo, socket, folder, readonly folder, device, sparse, link, unreadable, readonly, gone
    value   of a link its target, of a sparse file its size, of a device major and minor number
    """

    what: str
    value: object = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One damaged input and the command that gets it.

    words     of the command line, relative to the working folder
    files     what lies there instead of the right file, by its name
    needs     right files and folders that the command reads besides
    usual     words of the same command with everything right: whose result is the right one.
              None where there is no such command
    outputs   files and folders that the command may make or change
    touched   those that may change before a refusal too
    compared  those of them that must be as without damage; None: all
    other     whether what was put in can be another right input, whose result is its own
    must      whether it is right, and only unusual: it must be taken
    check     what another result must pass (``faults.checks``)
    """

    name: str
    damage: str
    words: tuple[str, ...]
    files: Mapping[str, bytes | Special] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    usual: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    compared: tuple[str, ...] | None = None
    other: bool = False
    must: bool = False
    check: str = ""

    @property
    def kind(self) -> str:
        """The kind of input."""
        return self.name.rpartition("-")[0]


def place(case: Case, right: Path, folder: Path, damaged: bool = True) -> None:
    """Put the files of ``case`` into ``folder``: right ones, then the damaged ones."""
    for name in case.needs:
        source, target = right / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    for name, content in case.files.items() if damaged else ():
        target = folder / name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            special(target, content, right / name)


def special(target: Path, content: Special, source: Path) -> None:
    """Make what is no plain file."""
    what, value = content.what, content.value
    if what == "fifo":
        os.mkfifo(target)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            before = os.getcwd()
            os.chdir(target.parent)  # its name may be too long for a socket
            made.bind(target.name)
            os.chdir(before)
    elif what == "device":
        os.mknod(target, stat.S_IFCHR | 0o666, os.makedev(*value))
        target.chmod(0o666)
    elif what in ("folder", "readonly folder"):
        target.mkdir(mode=0o755 if what == "folder" else 0o555)
    elif what == "link":
        target.symlink_to(value)
    elif what == "sparse":
        target.touch()
        os.truncate(target, value)
    elif what in ("unreadable", "readonly"):
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
        else:
            target.write_bytes(b"earlier")
        target.chmod(0 if what == "unreadable" else 0o500 if target.is_dir() else 0o444)
    else:
        assert what == "gone", content
