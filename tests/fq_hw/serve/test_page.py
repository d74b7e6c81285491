"""The page in headless Chromium: what it shows, that it needs nobody else, that keys suffice."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from browser import chromium, opened, passed_by, unreached
from PIL import Image

from fq_hw import flow

pytestmark = pytest.mark.verilator
driver = pytest.importorskip("playwright.sync_api", reason="it drives Chromium (extra test)")
__all__ = ["chromium"]
ROOT = Path(__file__).parents[3]
BUILDING = 120_000  # ms that building the simulator may take
SECONDS = 20_000


@pytest.fixture(scope="module")
def link(net, tmp_path_factory, share_programs):
    """What the command says to open; afterwards it ends as a command does."""
    folder = tmp_path_factory.mktemp("page")
    share_programs(folder)
    command = [sys.executable, "-m", "fq_hw", "serve", "--port", "0", "--net", str(net)]
    own = os.environ | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=folder, env=own, stderr=subprocess.PIPE, text=True)
    try:
        yield re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", server.stderr.readline())[0]
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.stderr.read()
    assert (server.wait(20), said) == (143, "fq-hw: terminated\n")


@pytest.fixture
def page(chromium, link):
    """The page, opened; nothing it did may be an error or leave the machine."""
    with opened(chromium, link) as watched:
        watched.page.on("filechooser", lambda chooser: None)  # from now on none opens a window
        driver.expect(watched.page.locator("#layers > li").first).to_be_visible()
        yield watched.page
    refused = "the server responded with a status of 422"  # a picture that is none
    complaints = [text for text in watched.complaints if refused not in text]
    own = (link.partition("?")[0], "data:", "blob:")
    assert (complaints, [url for url in watched.asked if not url.startswith(own)]) == ([], [])


def test_the_real_server_knows_its_names_alone(link):
    port = int(re.search(r":(\d+)/", link)[1])
    for host, status in ((f"127.0.0.1:{port}", 200), ("evil.example", 421), (f"[::1]:{port}", 421)):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        line.request("GET", link.partition(str(port))[2], headers={"Host": host})
        assert line.getresponse().status == status
        line.close()


def press_until(page, name, most=40):
    """Go on with Tab until the focus is on an element of that id."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def expect(page, name):
    return driver.expect(page.locator(f"#{name}"), name)


def test_keys_alone_suffice(page, net):
    driver.expect(page.locator("h1")).to_have_text("fq-hw tiny-bottleneck")
    press_until(page, "draw")
    page.keyboard.press("Enter")
    expect(page, "pad").to_be_focused()
    for key in ("Space", "ArrowRight", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(page, "pen").to_have_text("The pen is up.")
    expect(page, "golden").to_have_text(re.compile(r"class [01]"))
    equal = re.compile(r"All scores equal; in cycle [\d,]+, as predicted")
    expect(page, "hardware-text").to_contain_text(equal, timeout=BUILDING)
    expect(page, "hardware").to_have_text(page.locator("#golden").inner_text())
    press_until(page, "use-drawing")
    page.keyboard.press("Enter")
    press_until(page, "play")
    page.keyboard.press("Enter")
    latency = flow.load(net).design().latency
    expect(page, "now").to_have_text(f"cycle {latency:,} of {latency:,}")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page, "now").to_have_text(f"cycle 0 of {latency:,}")


def test_a_file_by_keys_and_what_is_no_picture(page, tmp_path):
    Path(tmp_path, "no.png").write_text("no picture")
    Image.new("RGB", (9, 7), (200, 128, 40)).save(tmp_path / "sand.png")
    for name in ("no.png", "sand.png"):
        page.locator("#choose").focus()
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(tmp_path / name)
        if name == "no.png":
            expect(page, "alert").to_contain_text("picture: not a readable picture")
    expect(page, "alert").to_be_hidden()
    expect(page, "seen").to_have_attribute("aria-label", re.compile("4 by 4 pixels"))
    shown = (
        "() => [...document.getElementById('seen').getContext('2d').getImageData(0, 0, 1, 1).data]"
    )
    assert page.evaluate(shown) == [200, 128, 40, 255]


def test_a_photograph(page):
    page.locator("#camera").click()
    expect(page, "shoot").to_be_focused()
    page.wait_for_timeout(500)  # until the camera has given something
    page.keyboard.press("Enter")
    expect(page, "golden").to_have_text(re.compile(r"class [01]"))


def test_every_tensor_is_drawn_and_named(page, net):
    page.locator("#draw").click()
    page.locator("#use-drawing").click()
    names = [op.name for op in flow.load(net).graph.ops]
    rows = page.locator("#layers > li")
    assert page.locator("#layers .name").all_inner_texts() == names
    for number in range(len(names)):
        rows.nth(number).scroll_into_view_if_needed()
        driver.expect(rows.nth(number).locator("canvas, .numbers").first).to_be_visible()
    labels = [c.get_attribute("aria-label") for c in page.locator("#layers canvas").all()]
    assert all(
        re.fullmatch(r"[\w.]+: \d+ channels of \d+ by \d+, values .+", one) for one in labels
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_shows_it_without_scrolling_sideways(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    page.locator("#draw").click()
    page.locator("#use-drawing").click()
    expect(page, "golden").to_have_text(re.compile("class"))
    assert passed_by(page) <= 0
    ink, paper = page.evaluate(
        "() => ['color', 'backgroundColor'].map((n) => getComputedStyle(document.body)[n])"
    )
    dark = [sum(map(int, re.findall(r"\d+", one)[:3])) < 384 for one in (ink, paper)]
    assert dark == ([True, False] if scheme == "light" else [False, True])


def test_all_that_can_be_used_is_reached_by_tab_and_has_a_name(page):
    page.locator("#draw").click()
    page.locator("#use-drawing").click()
    expect(page, "golden").to_have_text(re.compile("class"))
    page.evaluate("() => { document.activeElement.blur() }")
    assert unreached(page) == []
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, canvas, video, progress, section")]
        .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.labels?.length
          || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")))
        .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
