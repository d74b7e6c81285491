"""Slow files come first, so that both workers are busy to the end; torch has one thread in each."""

from __future__ import annotations

import os

import pytest

LONG = ("verilator", "synth", "train")  # markers of tests that take seconds

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with two threads each wait in turn


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests before the others; the order within a file stays."""
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: item.path not in slow)
