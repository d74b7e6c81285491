"""A study summed up: means, spreads, cells that stay empty, rows of a bench."""

import json

import pytest

from fq_hw.report.bench import update_rows
from fq_hw.report.study import as_text, bench_rows, save_bars, summary

TITLES = {"one": "the first", "two": "the second", "three": "never run"}


def run(variant, seed, right, golden):
    return {
        "variant": variant,
        "seed": seed,
        "float": right,
        "golden": golden,
        "flips": [0.5, 0.25],
        "seconds": 10 * seed,
        "epochs": 2,
    }


LAYERS = {
    "one": {"mac": 7, "cycles": 100, "lut": 20, "ebr": 3},
    "two": {"mac": 7},
    "three": {"mac": 9, "cycles": 50, "lut": 30, "ebr": 0},
}
ROWS = [
    run("two", 1, 50.0, None),
    run("one", 1, 60.0, 60.25),
    run("one", 2, 61.0, 60.75),
    run("gone", 1, 99.0, 99.0),
]


def test_means_and_spread_in_the_order_of_the_study():
    first, second, third = summary(TITLES, ROWS, LAYERS)
    assert [row["variant"] for row in (first, second, third)] == ["one", "two", "three"]
    assert first["seeds"] == [1, 2]
    assert (first["float"], first["spread"], first["golden"]) == (60.5, 1.0, 60.5)
    assert (first["flips"], first["seconds"]) == (0.375, 15)
    assert (second["float"], second["spread"], second["golden"]) == (50.0, None, None)
    assert (third["seeds"], third["float"], third["golden"], third["flips"]) == (
        [],
        None,
        None,
        None,
    )
    assert third["layer 1"] == LAYERS["three"]


def test_golden_is_there_only_where_every_seed_has_it():
    rows = [*ROWS, run("one", 3, 62.0, None)]
    first, *_ = summary(TITLES, rows, LAYERS)
    assert first["golden"] is None
    assert first["spread"] == 2.0


def test_text_has_a_line_a_variant_and_a_dash_for_what_is_not_measured():
    lines = as_text(summary(TITLES, ROWS, LAYERS)).splitlines()
    assert len(lines) == 5
    assert " ".join(lines[2].split()) == "the first 2 60.50 1.00 60.50 37.50 15 7 100 20 3"
    assert " ".join(lines[3].split()) == "the second 1 50.00 - - 37.50 10 7 - - -"
    assert " ".join(lines[4].split()) == "never run 0 - - - - - 9 50 30 0"


def test_bench_rows_say_how_each_figure_was_got(tmp_path):
    path = tmp_path / "accuracy.json"
    found = bench_rows("s", summary(TITLES, ROWS, LAYERS), "command")
    update_rows(path, found)
    update_rows(path, found)
    rows = json.loads(path.read_text())
    assert [(r["name"], r["value"], r["unit"], r["how"]) for r in rows] == [
        ("s: the first", 60.5, "%", "float"),
        ("s: the first", 60.5, "%", "golden"),
        ("s: the first, max - min", 1.0, "points", "float"),
        ("s: the first, layer 1", 7, "MAC", "model"),
        ("s: the first, layer 1", 100, "cycles", "model"),
        ("s: the first, layer 1", 20, "LUT4", "estimate"),
        ("s: the first, layer 1", 3, "EBR", "estimate"),
        ("s: the second", 50.0, "%", "float"),
        ("s: the second, layer 1", 7, "MAC", "model"),
        ("s: never run, layer 1", 9, "MAC", "model"),
        ("s: never run, layer 1", 50, "cycles", "model"),
        ("s: never run, layer 1", 30, "LUT4", "estimate"),
        ("s: never run, layer 1", 0, "EBR", "estimate"),
    ]


def test_bars_are_a_picture_and_the_same_bytes_twice(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.png", "b.png"):
        save_bars(tmp_path / name, summary(TITLES, ROWS, LAYERS), "two")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
