"""Messages of ``require``: what came is a value, never a word about it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("fq_hw", "boards", "bus", "rtl_gen", "sim")
FILES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def words_as_values(source: str) -> list[str]:
    """Calls of ``require`` whose ``got`` is a text that the program itself says."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "require":
            continue
        named = [word.value for word in call.keywords if word.arg == "got"]
        for got in [*call.args[3:4], *named]:
            told = [got, *ast.walk(got)] if isinstance(got, ast.IfExp) else [got]
            literal = any(isinstance(getattr(one, "value", None), str) for one in told)
            described = isinstance(got, ast.JoinedStr) and any(
                isinstance(part, ast.Constant) and any(map(str.isalpha, str(part.value)))
                for part in got.values
            )
            if literal or described:
                found.append(f"line {call.lineno}: {ast.unparse(got)}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_came_is_a_value(path):
    assert words_as_values(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ('require(ok, "a", "must be a file", "there")', True),
        ('require(ok, "a", "must be a file", got="a missing one")', True),
        ('require(ok, "a", "must be small", f"{size} bytes")', True),
        ('require(ok, "a", "must be small", "a folder" if folder else path)', True),
        ('require(ok, "a", "must be small", size, hint="take less")', False),
        ('require(ok, "a", "must be uint8", f"{image.dtype} {image.shape}")', False),
        ('require(ok, "a", "there is no such file", kind=ArtifactError)', False),
    ],
)
def test_the_check_finds_words(call, wrong):
    assert bool(words_as_values(call)) == wrong
