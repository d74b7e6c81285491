"""Pages as a reader types them: their commands in order, in one folder, and what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import documents
import pytest
from documents import PAGES, ROOT, Block
from shell_lines import CHECKED, QUICK, commands, has_placeholder, logical_lines

ENDLESS = ["fq-hw", "serve"]
SECONDS = 900  # for a block; the longest takes two minutes on two free cores


def only_checked(words: list[str]) -> bool:
    """Whether a command is not run here: set up, with a placeholder, or without an end."""
    return words[0] in CHECKED or has_placeholder(words) or words[:2] == ENDLESS


def runs(block: Block) -> list[str]:
    """The lines of a block of the shell that are run."""
    if block.language not in ("sh", "") or block.mark == "not run":
        return []
    return [
        line
        for line in logical_lines(block.content)
        if not any(only_checked(words) for words in commands(line))
    ]


def needs_a_run(block: Block) -> bool:
    """Whether it takes long, or shows what is printed; test_blocks.py runs all others."""
    words = [one for line in runs(block) for one in commands(line)]
    slow = any(one[0] != "fq-hw" or one[1] not in QUICK for one in words)
    return slow or (block.language == "text" and not block.mark)


def matches(expected: str, printed: str) -> bool:
    """Whether they are the same, where ``...`` is anything, and alone on its line any lines."""
    lines = [line.rstrip() for line in expected.strip().splitlines()]
    parts = [re.escape(line).replace(r"\.\.\.", ".*") for line in lines]
    pattern = "".join("(?:.*\n)*" if part == ".*" else f"{part} *\n" for part in parts)
    return re.fullmatch(pattern, printed.strip() + "\n") is not None


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A folder that looks like a fresh clone after set up; what is built in it is its own."""
    for path in ROOT.iterdir():
        if path.name not in ("build", ".git", ".venv"):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / ".bin").mkdir()
    command = tmp_path / ".bin/fq-hw"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fq_hw "$@"\n')
    command.chmod(0o755)
    folders = [str(command.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(map(needs_a_run, documents.blocks(page)))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_page(page, clone, monkeypatch):
    monkeypatch.chdir(clone)
    printed, space = "", {}
    for block in documents.blocks(page):
        if block.title:
            place = clone / block.title
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.content)
        elif block.language == "python" and not block.mark:
            exec(compile(block.content, str(block), "exec"), space)
        elif runs(block):
            script = "set -euo pipefail\n" + "\n".join(runs(block))
            done = subprocess.run(
                ["bash", "-c", script], cwd=clone, capture_output=True, text=True, timeout=SECONDS
            )
            assert done.returncode == 0, f"{block}: {done.stderr[-2000:]}\n{done.stdout[-2000:]}"
            printed = done.stdout
        elif block.language == "text" and not block.mark:
            assert matches(block.content, printed), f"{block}: printed was\n{printed}"


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...", "a\n", True),
        ("took ... s", "took 3.5 s", True),
        ("a\nb", "a\nb\nc\n", False),
        ("took ... s", "took 3.5 m", False),
        ("a.c", "abc", False),
    ],
)
def test_the_comparison_of_what_is_printed(expected, printed, same):
    assert matches(expected, printed) == same
