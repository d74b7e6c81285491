"""Pictures are right where a person would not see it: lanes, runs, axes, intervals."""

from dataclasses import replace
from itertools import combinations

import pytest
from small_report import built, designed

from fq_hw.report.layers import LINK, keys, placed_cells, unit_cells
from fq_hw.report.pictures.bars import interval_of
from fq_hw.report.pictures.chip import chip, runs, tiles
from fq_hw.report.pictures.confusion import mistakes
from fq_hw.report.pictures.network import lanes
from fq_hw.report.pictures.roofline import limits
from fq_hw.report.pictures.timeline import steps, timeline
from fq_hw.report.records import OpRow
from fq_hw.report.svg import number, svg, tag


def op(name: str, *inputs: str) -> OpRow:
    return OpRow(name=name, kind="Add", inputs=inputs, shape=(1, 1, 1), type="u2", layer="",
                 weights=0, macs=0)  # fmt: skip


BRANCHES = {
    "straight": [op("a"), op("b", "a"), op("c", "b")],
    "skip": [op("a"), op("b", "a"), op("c", "b"), op("d", "c", "a")],
    "two branches": [op("a"), op("b", "a"), op("c", "a"), op("d", "b", "c")],
    "nested": [op("a"), op("b", "a"), op("c", "b"), op("d", "c", "b"), op("e", "d", "a")],
    "three ways": [op("a"), op("b", "a"), op("c", "a"), op("d", "a"), op("e", "b", "c", "d")],
}


@pytest.mark.parametrize("name", [*BRANCHES, "tiny"])
def test_no_two_tensors_that_wait_at_once_share_a_lane(name):
    ops = BRANCHES.get(name) or designed().ops
    lane, row = lanes(ops), {one.name: n for n, one in enumerate(ops)}
    last = {one.name: max((row[u.name] for u in ops if one.name in u.inputs), default=row[one.name])
            for one in ops}  # fmt: skip
    for a, b in combinations(ops, 2):
        if lane[a.name] == lane[b.name]:
            assert last[a.name] <= row[b.name], f"{a.name} waits where {b.name} is"


def test_a_straight_network_is_one_line():
    assert set(lanes(BRANCHES["straight"]).values()) == {0}
    assert max(lanes(BRANCHES["skip"]).values()) == 1


def test_neighbours_become_runs():
    assert runs([(3, 0), (1, 0), (2, 0), (5, 0), (6, 1)]) == [(1, 0, 3), (5, 0, 1), (6, 1, 1)]
    assert runs([]) == []


def test_a_tile_has_the_colour_of_most_of_its_cells_and_no_cell_is_lost():
    found = built()
    cells = placed_cells(found.design, found.placement)
    assert [*cells] == [*keys(found.design), LINK]
    units = len(found.design.units)
    assert sum(one.counts.get("lut4", 0) for one in cells.values()) == 8 * units + 8
    assert sum(one.counts.get("ebr", 0) for one in cells.values()) == units
    by_unit = unit_cells(found.design, found.placement)
    assert all(by_unit[u.name] == {"lut4": 8, "ff": 1, "ebr": 1} for u in found.design.units)
    assert by_unit[LINK] == {"lut4": 8}
    assert cells[LINK].counts == {"lut4": 8} and tiles(cells)[LINK] == [(20, 1)]
    assert sum(len(places) for places in tiles(cells).values()) == 2 * units + 1


def test_of_layers_in_one_tile_the_larger_shows_and_of_equals_the_first():
    found = built()
    a, b = (next(u for u in found.design.units if u.layer == row.name)
            for row in found.design.layers[:2])  # fmt: skip
    cells = {
        f"shell.core.{a.word}": {"TRELLIS_COMB": ((1, 1, 2), (2, 1, 3), (3, 1, 1))},
        f"shell.core.{b.word}.deep": {"TRELLIS_COMB": ((1, 1, 3), (2, 1, 3)),
                                      "TRELLIS_FF": ((3, 1, 1),)},
    }  # fmt: skip
    placement = replace(found.placement, cells=cells)
    shown = tiles(placed_cells(found.design, placement))
    assert (shown[a.layer], shown[b.layer]) == ([(2, 1), (3, 1)], [(1, 1)])


def test_cells_are_found_inside_a_loader_too():
    found = built()
    unit = found.design.units[0]
    row = {"TRELLIS_COMB": ((1, 1, 1),)}
    scopes = (f"shell.core.core.{unit.word}", "shell.core.loader", "shell.core", "", "cd_sync")
    placement = replace(found.placement, cells=dict.fromkeys(scopes, row))
    cells = placed_cells(found.design, placement)
    assert cells[unit.layer].counts == {"lut4": 1} and cells[LINK].counts == {"lut4": 4}


def test_a_chip_without_a_grid_is_as_large_as_what_lies_on_it():
    found = built()
    picture = chip(placed_cells(found.design, found.placement), keys(found.design), None)
    assert f'viewBox="0 0 21 {len(found.design.units) + 1}"' in picture


@pytest.mark.parametrize("most", [1, 7, 99, 100, 20_819, 10**9])
def test_an_axis_has_few_round_marks(most):
    marks = steps(most)
    assert marks[0] == 0 and marks[-1] <= most and 2 <= len(marks) <= 7


def test_the_time_line_begins_with_the_frame_and_has_every_unit_that_works():
    design = designed()
    found = timeline(design, keys(design))
    assert [row.name for row in found.rows] == [u.name for u in design.units if u.spans]
    assert found.rows[0].first == 0 and found.ticks[0] == (0.0, 0)
    assert max(row.last for row in found.rows) == design.latency


def test_limits_are_products_over_cycles():
    design = designed()
    found = limits(design, 25.0)
    assert found.reached == design.macs / design.interval <= found.installed
    assert found.intensity * design.image[2] == found.pixels
    assert found.link == design.macs * design.device.link_frames_per_second / 25e6


@pytest.mark.parametrize(
    ("right", "images", "low", "high"),
    [
        (20, 20, 83.89, 100.0),
        (0, 20, 0.0, 16.11),
        (981, 1000, 97.05, 98.78),
        (50, 100, 40.38, 59.62),
    ],
)
def test_intervals_are_wilsons(right, images, low, high):
    assert interval_of(right, images) == pytest.approx((low, high), abs=0.01)


def test_mistakes_come_by_how_often():
    counts = [[5, 1, 0], [3, 5, 0], [0, 3, 9]]
    assert mistakes(counts, "abc") == [("b", "a", 3), ("c", "b", 3), ("a", "b", 1)]
    assert mistakes(counts, "abc", most=1) == [("b", "a", 3)]


def test_elements_escape_what_is_no_element():
    inside = tag("text", "a < b", class_="x y", data_l=3, fill=None, x=0.5)
    assert inside == '<text class="x y" data-l="3" x="0.5">a &lt; b</text>'
    assert svg(1, 2.0, inside, label='"q"') == (
        f'<svg viewBox="0 0 1 2" role="img" aria-label="&quot;q&quot;">{inside}</svg>'
    )
    assert [number(v) for v in (1.0, 0.333, -0.001, 12.5, 7)] == ["1", "0.33", "0", "12.5", "7"]
