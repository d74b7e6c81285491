"""Figures in documents are those of the benches, whose rows lie in docs/results/bench-NAME.json."""

import json
import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "docs" / "results"
FIGURES = (RESULTS / "figures.md").read_text(encoding="utf-8")
BENCHES = sorted(RESULTS.glob("bench-*.json"))


def told(command: str) -> dict[str, tuple[str, str]]:
    """Name to value and how, in the section whose heading names ``command``."""
    section = re.search(rf"(?ms)^## [^\n]*`{command}`[^\n]*\n(.*?)(?=^## |\Z)", FIGURES)
    assert section, f"docs/results/figures.md has no section of `{command}`"
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section[1])
    return {name: (value, how) for name, value, how in rows if set(name) != {"-"}}


def shown(value: float | str) -> str:
    """As documents write it."""
    return value if isinstance(value, str) else f"{value:,}"


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_a_document_tells_what_the_bench_measured(path):
    rows = json.loads(path.read_text(encoding="utf-8"))
    measured = {row["name"].strip(): (shown(row["value"]), row["how"]) for row in rows}
    found = told(f"make {path.stem}")
    assert len(found) >= 5, "the section must tell the bench's main figures"
    assert {name: measured.get(name) for name in found} == found


def test_there_are_benches():
    assert BENCHES
