"""Figures in documents are those of the benches, whose rows lie in docs/results/bench-NAME.json."""

import json
import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "docs" / "results"
FIGURES = (RESULTS / "figures.md").read_text(encoding="utf-8")
MAKEFILE = (RESULTS.parents[1] / "Makefile").read_text(encoding="utf-8")
BENCHES = sorted(RESULTS.glob("bench-*.json"))


def section(command: str) -> str:
    """The text below the heading that names ``command``."""
    found = re.search(rf"(?ms)^## [^\n]*`{command}`[^\n]*\n(.*?)(?=^## |\Z)", FIGURES)
    assert found, f"docs/results/figures.md has no section of `{command}`"
    return found[1]


def told(command: str) -> dict[str, tuple[str, str]]:
    """Name to value and how, in the section of ``command``."""
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section(command))
    return {name: (value, how) for name, value, how in rows if set(name) != {"-"}}


def columns(command: str) -> dict[str, str]:
    """``row: column`` to value, of the wide tables in the section of ``command``."""
    found: dict[str, str] = {}
    for block in re.findall(r"(?m)(?:^\|.*\|\n)+", section(command)):
        head, _, *rows = [line.strip("| ").split(" | ") for line in block.splitlines()]
        if len(head) > 3:
            found |= {f"{row[0]}: {name}": value for row in rows
                      for name, value in zip(head[1:], row[1:], strict=True)}  # fmt: skip
    return found


def shown(value: float | str) -> str:
    """As documents write it."""
    return value if isinstance(value, str) else f"{value:,}"


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_a_document_tells_what_the_bench_measured(path):
    rows = json.loads(path.read_text(encoding="utf-8"))
    measured = {row["name"].strip(): (shown(row["value"]), row["how"]) for row in rows}
    verb = path.stem if path.stem in MAKEFILE else path.stem.removeprefix("bench-")
    found, wide = told(f"make {verb}"), columns(f"make {verb}")
    assert len(found) + len(wide) >= 5, "the section must tell the bench's main figures"
    assert {name: measured.get(name) for name in found} == found
    assert {name: measured.get(name, ("", ""))[0] for name in wide} == wide


def test_there_are_benches():
    assert BENCHES
