"""Rows and tables of classes."""

import numpy as np

from fq_hw.report.classes import MOST, class_rows, class_table


def test_counts_each_class_of_each_model():
    truth, golden, rtl = np.array([0, 1, 2, 0, 2]), np.array([0, 0, 2, 1, 2]), np.zeros(5, int)
    assert class_rows(("ant", "bee", "cow"), truth, {"golden": golden, "rtl-sim": rtl}) == [
        {"label": 0, "class": "ant", "images": 2, "right, golden": 1, "right, rtl-sim": 2},
        {"label": 1, "class": "bee", "images": 1, "right, golden": 0, "right, rtl-sim": 0},
        {"label": 2, "class": "cow", "images": 2, "right, golden": 2, "right, rtl-sim": 0},
    ]


def test_a_table_names_every_class():
    rows = class_rows(("ant", "bee"), np.array([0, 1]), {"golden": np.array([0, 0])})
    text = class_table(rows)
    assert "ant" in text and "bee" in text and "most errors" not in text


def test_of_many_classes_those_with_most_errors():
    truth = np.repeat(np.arange(100), 2)
    found = np.where(truth < 90, truth, 0)
    text = class_table(class_rows([f"c{n}" for n in range(100)], truth, {"golden": found}))
    assert all(f"c{n} " in text for n in range(90, 100)) and "c50" not in text
    assert text.endswith(f"({MOST} of 100 classes: most errors)")
    assert len(text.splitlines()) == 2 + MOST + 1
