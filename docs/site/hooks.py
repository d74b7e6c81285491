"""What mkdocs does beside rendering: sections made from the parser and the records, decisions.

``<!-- command: NAME -->`` and ``<!-- record: MODULE.CLASS -->`` become sections. The decisions are
listed, and join the navigation, by their first lines.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.structure.files import File

from docs.site.commands import command
from docs.site.keys import ROOT, record
from docs.site.notebook import NOTEBOOKS, markdown

__all__ = ["on_config", "on_files", "on_page_markdown"]

DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))


def title(path: Path) -> str:
    """The number and the first line of a decision."""
    return f"{path.name[:4]} {path.read_text(encoding='utf-8').splitlines()[0].lstrip('# ')}"


def decisions(_: str) -> str:
    """A list of them."""
    return "\n".join(f"- [{title(path)}]({path.name})" for path in DECISIONS)


MAKERS = {"command": command, "record": record, "decisions": decisions}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill in the sections."""
    place = re.compile(rf"<!-- ({'|'.join(MAKERS)}): (\S+) -->")
    return place.sub(lambda found: MAKERS[found[1]](found[2]), markdown)


def on_files(files, config):
    """Add a page for each notebook; the notebook itself lies beside it."""
    for path in NOTEBOOKS:
        name = f"examples/{path.stem}.md"
        files.append(File.generated(config, name, content=markdown(path)))
    return files


def on_config(config):
    """Put the decisions where the navigation names their first page."""
    fill(config.nav, [{title(path): f"decisions/{path.name}"} for path in DECISIONS])
    return config


def fill(nav: list, pages: list) -> None:
    """Append ``pages`` to the list that begins with decisions/index.md."""
    if nav[0] == "decisions/index.md":
        nav.extend(pages)
        return
    for entry in nav:
        for below in entry.values() if isinstance(entry, dict) else ():
            if isinstance(below, list):
                fill(below, pages)
