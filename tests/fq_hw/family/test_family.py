"""Families: one record each, and no other place that asks which family it is."""

import ast
from pathlib import Path

import pytest

from fq_hw.errors import ParameterError
from fq_hw.family import FAMILIES, family_named
from fq_hw.schedule.resources import PRICED, prices
from rtl_gen.dot_product import CHAINS
from sim import primitives

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for folder in ("fq_hw", "rtl_gen", "sim", "boards")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if (ROOT / "fq_hw/family") not in path.parents
]


def asked(tree: ast.AST) -> list[int]:
    """Lines where a name of a family is compared, matched, or the key of a table."""
    lines = []
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                parts = [part for side in node.comparators for part in ast.walk(side)]
                parts.append(node.left)
            case ast.Dict():
                parts = node.keys
            case ast.MatchValue():
                parts = [node.value]
            case _:
                continue
        names = [part.value for part in parts if isinstance(part, ast.Constant)]
        lines += [node.lineno for name in names if isinstance(name, str) and name in FAMILIES]
    return lines


def test_nobody_else_compares_names_of_families():
    found = [f"{path}:{line}" for path in SOURCES for line in asked(ast.parse(path.read_text()))]
    assert not found, f"facts of a family belong into fq_hw/family: {found}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x = f == 'ecp5'", 1), ("x = f not in (None, 'plain')", 1), ("t = {'gowin': 1}[f]", 1),
        ("match f:\n case 'ice40':\n  pass", 1), ("def f(family='plain'): pass", 0),
        ("board = Board(family='ecp5')", 0),
    ],
)  # fmt: skip
def test_what_counts_as_a_comparison(text, count):
    assert len(asked(ast.parse(text))) == count


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_record_is_whole(family):
    assert FAMILIES[family.name] is family
    assert bool(family.blocks) == bool(family.synthesis)
    for block in family.blocks:
        assert block.lanes % block.byte == 0
    assert bool(primitives.twins(family.name)) == bool(family.carry)
    if family.carry:
        assert family.carry.cell in CHAINS
        (text,) = primitives.twins(family.name).values()
        assert f"module {family.carry.cell}" in text
    if family.largest:
        assert prices(family.name)
    assert FAMILIES[PRICED].largest


def test_refuses_an_unknown_family():
    with pytest.raises(ParameterError, match=r"^here: family must be .*; did you mean 'ecp5'"):
        family_named("ecp6", "here")
