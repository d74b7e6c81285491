"""Pages in a real browser: what they ask for, what they complain of, what a keyboard reaches.

Debian's Chromium, driven by Playwright. Where there is none the tests that want it are skipped, and
say so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

__all__ = ["Watched", "chromium", "opened", "passed_by", "reached_by_tab", "unreached"]

NAMES = ("chromium", "chromium-browser")
MOST_STOPS = 1000  # of the tab key
FLAGS = (
    "--no-sandbox",  # which a container's root has not
    "--use-fake-device-for-media-stream",  # a camera that gives a moving pattern
    "--use-fake-ui-for-media-stream",  # and asks nobody
)
OPERABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"
HERE = "document.activeElement"


@dataclass
class Watched:
    """A page, the addresses that it asked for, and its complaints."""

    page: object
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def chromium():
    """The browser, started once a file: Playwright runs once at a time."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=[*FLAGS])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser, url: str, width: int = 1280, scheme: str = "light", height: int = 800
) -> Iterator[Watched]:
    """A window of its own on ``url``; ``asked`` begins with the page itself."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    watched = Watched(context.new_page())
    page = watched.page
    page.on("request", lambda request: watched.asked.append(request.url))
    page.on("console", lambda said: watched.complaints.append(said.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.goto(url)
    yield watched
    context.close()


def reached_by_tab(page) -> set[int]:
    """Presses Tab until the page has been gone through: numbers of its operable elements."""
    page.evaluate(
        f'[...document.querySelectorAll("{OPERABLE}")].forEach((e, n) => e.dataset.n = n)'
    )
    reached: set[int | None] = set()  # None: behind the last one, before the first
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(f"{HERE} === document.body ? null : Number({HERE}.dataset.n ?? -1)")
        if found in reached:
            break
        reached.add(found)
    return reached - {None}


def unreached(page) -> list[str]:
    """Operable elements that are shown and enabled, but that Tab does not come to."""
    reached = sorted(reached_by_tab(page))
    return page.evaluate(
        """([kinds, reached]) => [...document.querySelectorAll(kinds)]
        .filter((e) => e.checkVisibility() && !e.disabled && !reached.includes(Number(e.dataset.n)))
        .map((e) => e.outerHTML.slice(0, 120))""",
        [OPERABLE, reached],
    )


def passed_by(page) -> int:
    """How far, in pixels, the page reaches beyond its window to the right."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
