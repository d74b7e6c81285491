"""Measured rows: new ones replace those of the same name and unit, others stay."""

import json

import pytest

from fq_hw.report.bench import update_rows


def test_rows_of_other_parts_stay(tmp_path):
    path = tmp_path / "bench" / "engine.json"
    update_rows(path, [("a", 1, "MHz", "routed", "one"), ("a", 2, "LUT4", "routed", "one")])
    update_rows(path, [("a", 3, "MHz", "routed", "two"), ("b", 4, "", "model", "two")])
    rows = [(row["name"], row["value"], row["unit"]) for row in json.loads(path.read_text())]
    assert rows == [("a", 2, "LUT4"), ("a", 3, "MHz"), ("b", 4, "")]


def test_how_is_one_of_few(tmp_path):
    with pytest.raises(AssertionError, match="not a way of measuring"):
        update_rows(tmp_path / "x.json", [("a", 1, "MHz", "guessed", "one")])
