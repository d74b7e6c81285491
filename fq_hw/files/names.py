"""Names that come out of files: those that become part of a path, and those that are printed."""

from __future__ import annotations

from pathlib import Path

from fq_hw.errors import ArtifactError, GraphError, require

__all__ = ["as_file_name", "check_file_name", "check_line", "check_path"]

LONGEST_FILE_NAME = 100  # with the suffixes of what is made of it, below the 255 of file systems
MOST_BYTES = 200  # of such a name, whose letters may have several
LONGEST_LINE = 200
LONGEST_PATH = 4095
PUNCTUATION = "_-.+"


def check_file_name(name: object, where: str) -> None:
    """Refuse what is no plain name of a file: ``../../victim``, ``.hidden``, an empty one.

    Letters, digits and ``_ - . +``, beginning with a letter, a digit or ``_``.
    """
    text = name if isinstance(name, str) else ""
    plain = 0 < len(text) <= LONGEST_FILE_NAME and all(map(may_stand, text))
    plain = plain and len(text.encode()) <= MOST_BYTES
    contract = (
        f"the name must have 1 to {LONGEST_FILE_NAME} letters, digits or {PUNCTUATION}, as files "
        "are called after it, and must not begin with a dot or a sign"
    )
    require(plain and (text[0].isalnum() or text[0] == "_"), where, contract, name, kind=GraphError)


def may_stand(character: str) -> bool:
    """Whether it may stand in the name of a file."""
    return character.isalnum() or character in PUNCTUATION


def as_file_name(text: str) -> str:
    """``text`` with ``_`` for all that ``check_file_name`` refuses: a model called after a file."""
    name = "".join(c if may_stand(c) else "_" for c in text)[:LONGEST_FILE_NAME]
    name = name.encode()[:MOST_BYTES].decode(errors="ignore")
    return name if name and (name[0].isalnum() or name[0] == "_") else f"_{name[1:]}"


def check_line(name: object, where: str) -> None:
    """Refuse what is not one printable line of 1 to 200 characters: it stands in tables and logs.

    A name with an end of line in it could pretend to be a message of ours.
    """
    text = name if isinstance(name, str) else ""
    plain = 0 < len(text) <= LONGEST_LINE and text.isprintable()
    contract = f"the name must be one line of 1 to {LONGEST_LINE} printable characters"
    require(plain, where, contract, name, kind=GraphError)


def check_path(path: str | Path, where: str) -> None:
    """Refuse what can be no path of a file, or would not be one line where it is printed."""
    text = str(path)
    plain = 0 < len(text) <= LONGEST_PATH and text.isprintable()
    contract = f"path must be 1 to {LONGEST_PATH} printable characters"
    require(plain, where, contract, text, kind=ArtifactError)
