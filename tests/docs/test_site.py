"""The site of the documents: it builds without a warning, is whole, and asks no other host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import chromium, opened, passed_by
from documents import ROOT

from docs.site.commands import commands
from docs.site.keys import record
from fq_hw import flow

__all__ = ["chromium"]  # a fixture


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site; a link or an anchor that leads nowhere ends its making."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


class Page(HTMLParser):
    """What a page loads, its headings' names, its pictures without words."""

    def __init__(self, path: Path):
        super().__init__()
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.wordless: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names.add(given.get("id", ""))
        if tag in ("script", "img", "iframe", "source"):
            self.loads.append(given.get("src", ""))
        if tag == "link" and given.get("rel") != "canonical":
            self.loads.append(given.get("href", ""))
        if tag == "img" and not given.get("alt"):
            self.wordless.append(given.get("src", ""))


def test_nothing_comes_from_another_host(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    foreign = {
        load for path in pages for load in Page(path).loads if re.match(r"(https?:)?//", load)
    }
    assert foreign == set()
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(https?://[^)]+)", styles) == []


def test_search_needs_no_server(site):
    """Over file:// a browser lets no page fetch an index: it comes as a script, and a shim."""
    assert (site / "search/search_index.js").is_file()
    assert "assets/iframe-worker.js" in Page(site / "index.html").loads


def test_pictures_have_words(site):
    assert {p: w for p in sorted(site.rglob("*.html")) if (w := Page(p).wordless)} == {}


def test_every_command_is_there(site):
    missing = set(commands()) - Page(site / "reference/commands.html").names
    assert not missing, f"add <!-- command: {min(missing)} --> to docs/reference/commands.md"


RECORDS = re.findall(r"record: (\S+) ", (ROOT / "docs/reference/configuration.md").read_text())


@pytest.mark.parametrize("name", RECORDS)
def test_every_key_is_explained(name):
    """By the docstring of its record."""
    rows = [line.split(" | ") for line in record(name).splitlines() if line.startswith("| `")]
    assert [key for key, *_, said in rows if not said.strip(" |")] == []


def test_every_name_of_the_python_api_is_there(site):
    names = Page(site / "reference/python.html").names
    told = {name.rpartition(".")[2] for name in names if name.startswith("fq_hw.flow.")}
    missing = set(flow.__all__) - told
    assert not missing, f"add ::: fq_hw.flow.{min(missing)} to docs/reference/python.md"


def test_the_three_doors_are_on_the_first_page(site):
    text = (site / "index.html").read_text()
    assert all(f'href="tutorials/{name}.html"' in text for name in ("onnx", "pictures", "design"))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_in_a_browser(site, chromium, width, scheme):
    """No complaint, no request off the machine, nothing wider than the window."""
    for name in ("index", "tutorials/pictures", "reference/commands", "results/figures"):
        with opened(chromium, (site / f"{name}.html").as_uri(), width, scheme) as seen:
            assert seen.complaints == []
            assert [url for url in seen.asked if not url.startswith(("file:", "data:"))] == []
            assert passed_by(seen.page) <= 0


def test_doors_are_seen_and_search_finds(site, chromium):
    with opened(chromium, (site / "index.html").as_uri()) as seen:
        doors = seen.page.locator(".grid.cards a")
        assert doors.count() == 3
        boxes = [doors.nth(number).bounding_box() for number in range(3)]
        assert all(box["y"] + box["height"] < 800 for box in boxes)
        seen.page.keyboard.press("/")
        seen.page.keyboard.type("threshold")
        seen.page.wait_for_selector(".md-search-result__item")
        assert "glossary.html" in seen.page.inner_html(".md-search-result__list")
