"""pyproject.toml has ranges for users; constraints.txt the version of each that was tested."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [
    Requirement(text)
    for extra in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in extra
]
CONSTRAINTS = {
    canonicalize_name(line.split("==")[0]): Version(line.split("==")[1])
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_each_dependency_has_a_tested_version_and_it_is_here(asked):
    tested = CONSTRAINTS[canonicalize_name(asked.name)]
    assert tested in asked.specifier
    if asked.marker and not asked.marker.evaluate():
        return  # of other machines
    assert Version(metadata.version(asked.name).partition("+")[0]) == tested


def test_torch_alone_is_exact():
    """A range of torch pulls gigabytes of builds for other machines."""
    exact = {asked.name for asked in ASKED if any(s.operator == "==" for s in asked.specifier)}
    assert exact == {"torch"}
