"""The report as a person opens it: it asks for nothing, and a keyboard is enough."""

import pytest
from browser import chromium, opened, passed_by, unreached
from small_report import built, estimated

from fq_hw.report.page import page

__all__ = ["chromium"]

KINDS = {"built": built, "estimated": estimated}


@pytest.fixture(scope="module", params=KINDS)
def address(request, tmp_path_factory):
    """The address of a report that lies in a file."""
    path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    path.write_text(page(KINDS[request.param]()))
    return path.as_uri()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_without_a_word_and_fits(chromium, address, width, scheme):
    with opened(chromium, address, width, scheme) as watched:
        page = watched.page
        assert watched.asked == [address] and watched.complaints == []
        assert passed_by(page) == 0
        for part in ("h-layers", "h-roof", "h-net", "h-time", "h-cells", "h-chip", "h-seeds",
                     "h-acc", "h-how"):  # fmt: skip
            assert page.locator(f"#{part}").is_visible(), part
        assert page.locator(".head > div").count() == 6
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(19, 20, 22)") == (scheme == "dark")


def test_the_keyboard_reaches_everything_and_works_it(chromium, address):
    with opened(chromium, address, 360) as watched:
        page = watched.page
        for closed in page.locator("summary").all():
            closed.focus()
            page.keyboard.press("Enter")
        assert page.locator("details:not([open])").count() == 0
        assert unreached(page) == []
        pick = page.locator("[data-pick='2']").first
        pick.focus()
        page.keyboard.press("Space")
        assert pick.get_attribute("aria-pressed") == "true"
        assert page.locator("[data-l='1'].pale").count() > 0
        assert page.locator("[data-l='2'].pale").count() == 0
        page.keyboard.press("Escape")
        assert page.locator(".pale").count() == 0
        assert pick.get_attribute("aria-pressed") == "false"
