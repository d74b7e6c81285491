"""Docstrings as pages show them: lines that begin with a name and two spaces become a list."""

from __future__ import annotations

import re

import griffe

__all__ = ["Fields", "listed"]

NAMED = re.compile(r"(\w+(?:, \w+)*) {2,}(\S.*)")


class Fields(griffe.Extension):
    """An extension of what reads the Python for mkdocstrings."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring:
            obj.docstring.value = listed(obj.docstring.value)


def listed(text: str) -> str:
    """``text`` with a list in the place of each paragraph of names; the others stay."""
    return "\n\n".join(map(paragraph, text.split("\n\n")))


def paragraph(text: str) -> str:
    """A list, if the first line begins with a name and two spaces."""
    if not NAMED.match(text):
        return text
    lines = []
    for line in text.splitlines():
        named = NAMED.match(line)
        lines.append(f"- `{named[1]}`: {named[2]}" if named else f"  {line.strip()}")
    return "\n".join(lines)
