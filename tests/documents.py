"""The blocks of code in README and the documents, as tests see them.

A comment right before a block marks it: ``<!-- not run: REASON -->`` or ``<!-- slow -->``. A block
with a title, as in ```` ```toml title="net.toml" ````, is the content of a file of that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

__all__ = ["PAGES", "ROOT", "Block", "blocks"]

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MARK = re.compile(r"<!-- (slow|not run): (.+?) -->", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code: where it is, its language and content, the file that it is, its mark."""

    page: Path
    line: int
    language: str
    content: str
    title: str | None = None
    mark: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in their order; what stands indented is one too, of no language."""
    found, before = [], ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            language, _, rest = token.info.partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            mark = MARK.fullmatch(before)
            found.append(
                Block(
                    page=page,
                    line=token.map[0] + 1,
                    language=language,
                    content=token.content,
                    title=title[1] if title else None,
                    mark=mark[1] if mark else None,
                    reason=mark[2] if mark else None,
                )
            )
        before = token.content.strip() if token.type == "html_block" else ""
    return found
