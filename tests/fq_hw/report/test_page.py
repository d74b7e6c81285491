"""A report says what the records say, of every unit, and asks nobody for anything."""

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest
from small_report import CLASSES, built, designed, estimated

from fq_hw.report.page import page
from fq_hw.report.records import Accuracy

VOID = {"meta", "link", "br"}
ARRAY = {"array": "2x2x4"}
KINDS = {
    "estimated": estimated,
    "built": built,
    "array": lambda: estimated(**ARRAY),
    "array built": lambda: built(**ARRAY),
}


class Balance(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.marks = [], [], []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {attrs}"
        self.marks.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> where {self.open[-3:]} are open"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def parsed(text: str) -> Balance:
    found = Balance()
    found.feed(text)
    found.close()
    assert not found.open
    return found


def words(text: str) -> str:
    return " ".join(" ".join(parsed(text).text).split())


@pytest.mark.parametrize("kind", KINDS)
def test_is_well_formed_and_the_same_bytes_again(kind):
    first, again = page(KINDS[kind]()), page(KINDS[kind]())
    assert first == again
    parsed(first)


@pytest.mark.parametrize("kind", KINDS)
def test_names_every_unit_layer_and_tensor(kind):
    found = KINDS[kind]()
    said = words(page(found))
    for row in (*found.design.units, *found.design.layers, *found.design.ops):
        assert f" {row.name} " in f" {said} ", row.name


@pytest.mark.parametrize("kind", KINDS)
def test_asks_for_nothing(kind):
    text = page(KINDS[kind]())
    assert "://" not in text and "url(" not in text and "@import" not in text
    for tag, attrs in parsed(text).marks:
        assert "src" not in attrs and "srcset" not in attrs, tag
        link = attrs.get("href", "#")
        assert link.startswith("#") or link == "data:,", link


def test_figures_are_those_of_the_records():
    found = built()
    design = replace(found.design, interval=7_654_321, latency=8_765_432, lut=77_777, ff=66_666)
    said = words(page(replace(found, design=design, sim=None)))
    for figure in ("7,654,321", "8,765,432", "77,777", "66,666", "4,321", "2,109", "123.4", "17"):
        assert figure in said, figure
    short = replace(found.design, interval=1_234)
    assert "frames/s 100,000 " in words(page(replace(found, design=short, sim=None)))


def test_a_build_leaves_nothing_unmeasured_and_an_estimate_says_what_gets_it():
    assert "not measured" not in words(page(built()))
    said = words(page(estimated()))
    for command in (
        "fq-hw golden",
        "fq-hw sim --cycles 500 --images 50",
        "fq-hw build --cycles 500 --board ulx3s-25f",
    ):
        assert command in said
    assert said.count("not measured") > 10


def test_kinds_of_cells_that_a_router_does_not_name_are_not_0():
    found = built()
    counted = {"lut4": "ICESTORM_LC", "ebr": "ICESTORM_RAM"}  # flip-flops are inside the first
    said = words(page(replace(found, placement=replace(found.placement, counted=counted))))
    assert "FF routed" in words(page(found)) and "FF routed" not in said
    assert "LUT4 routed" in said


def test_a_network_without_products_has_no_roofline():
    design = replace(built().design, macs=0)
    text = page(replace(built(), design=design))
    parsed(text)
    assert "MAC per byte" not in text and "MAC per byte" in page(built())


def test_what_limits_the_clock_is_named():
    found = built()
    assert (
        f"a path from {found.design.units[0].name} to board's link: 8.1 ns, 6.1 ns of them wires."
        in words(page(found))
    )


def test_a_difference_between_verilog_and_golden_model_is_told():
    found = built()
    said = page(replace(found, sim=replace(found.sim, levels_wrong=41, scores_wrong=1)))
    assert '<b class="bad">42</b> of 98,965 values' in said


def test_names_are_words_and_no_elements():
    text = page(built())
    assert CLASSES[0] not in text and escape(CLASSES[0]) in text


def test_every_mark_of_a_layer_is_of_a_layer_that_is_there():
    found = built()
    layers = {str(n) for n in range(len(found.design.layers) + 1)}
    marks = parsed(page(found)).marks
    used = {attrs["data-l"] for _, attrs in marks if "data-l" in attrs}
    assert used == layers  # 0 is the board's link
    assert {attrs["data-pick"] for _, attrs in marks if "data-pick" in attrs} == layers


def test_many_classes_are_a_picture_without_numbers():
    found = built()
    size = 100
    counts = tuple(tuple(9 if a == b else int(a == 3 and b == 7) for b in range(size))
                   for a in range(size))  # fmt: skip
    accuracy = Accuracy(data="pictures", images=901, right=900)
    golden = replace(found.sim.golden, accuracy=accuracy, confusion=counts)
    names = tuple(f"kind {n}" for n in range(size))
    design = replace(found.design, classes=names)
    text = page(replace(found, design=design, sim=replace(found.sim, golden=golden)))
    assert len(re.findall('class="right"', text)) == size and 'class="count' not in text
    assert "kind 3, called kind 7: 1 of 10" in text


def test_the_page_of_a_small_network_is_small():
    units = len(designed().units)
    assert units > 15 and len(page(estimated())) < 50_000 + 1_000 * units
