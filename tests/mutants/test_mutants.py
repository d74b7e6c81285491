"""Tokens are changed where something is computed, and the harness tells who sees it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mutants.change import COUNT, GROUPS, chosen, mutants, of_group
from mutants.tree import function, statement

ROOT = Path(__file__).parents[2]
EQUIVALENT = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text())


@pytest.fixture(scope="module")
def drawn():
    return chosen(ROOT)


def test_each_group_has_as_many_and_each_is_python(drawn):
    assert {group: len(some) for group, some in drawn.items()} == dict.fromkeys(GROUPS, COUNT)
    for some in drawn.values():
        assert len({(m.path, m.line) for m in some}) == COUNT
        for mutant in some:
            source = (ROOT / mutant.path).read_text()
            changed = mutant.applied(source)
            compile(changed, mutant.path, "exec")
            lines = zip(source.splitlines(), changed.splitlines(), strict=True)
            assert [n for n, (a, b) in enumerate(lines, 1) if a != b] == [mutant.line]


def test_a_line_more_changes_few_of_those_that_are_drawn(drawn, tmp_path):
    for folder in ("bus", "fq_hw", "rtl_gen"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    file = tmp_path / "fq_hw" / "schedule" / "lower.py"
    file.write_text("\n\n" + file.read_text() + "\nMORE = (1 + 2, 3 + 4, 5 - 6)\nLESS = 7 - 8\n")
    before, after = ({m.name for m in some["schedule"]} for some in (drawn, chosen(tmp_path)))
    assert len(before & after) >= COUNT - 2


def test_what_is_explained_can_be_drawn():
    names = {mutant.name for places in GROUPS.values() for mutant in of_group(ROOT, places)}
    assert set(EQUIVALENT) <= names
    assert all(EQUIVALENT.values())


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("a = b + 1", ["a = b - 1", "a = b + 2", "a = b + 0"]),
        ("b <= c and not d", ["b < c and not d", "b <= c or not d", "b <= c and  d"]),
        ("a = min(b, *c)", ["a = max(b, *c)"]),
        ("a = -b", []),
        ("def f(a: B | C = 0) -> B | C: ...", ["def f(a: B | C = 1) -> B | C: ..."]),
        ("zip(a, b, strict=True)", []),
        ("Pair = tuple[int, 2]", []),
        ("import a; a += 1", ["import a; a -= 1", "import a; a += 2", "import a; a += 0"]),
    ],
)  # fmt: skip
def test_near_tokens(line, new):
    assert [mutant.applied(line) for mutant in mutants(line, "x.py")] == new


def test_a_statement_of_several_lines():
    source = "if (a\n    or b):\n    c = [\n        1,\n    ]\n"
    assert [list(statement(source, n)) for n in (1, 2, 4)] == [[1, 2], [1, 2], [3, 4, 5]]


def test_a_function_inside_another():
    source = (
        "def f():\n    a = 1\n    def g():\n        b = 2\n        return b\n    return g\nc = 3\n"
    )
    lines = [list(function(source, n)) for n in (2, 4, 6, 7)]
    assert lines == [[1, 2, 3, 4, 5, 6], [3, 4, 5], [1, 2, 3, 4, 5, 6], [7]]


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mutants import tree
tree.THIRD = ("pytest", "coverage")
tree.SUITES = ("tests",)
tree.warm()
place = tree.Tree(Path(sys.argv[2]), Path(sys.argv[2]) / "build" / "tree")
print(tree.tests_of(place.place))
seen = place.watch("tests/test_x.py", {"rtl_gen/x.py": [2, 4]})
print(seen.passed, {name: lines.get("rtl_gen/x.py") for name, lines in sorted(seen.lines.items())})
source = (place.place / "rtl_gen" / "x.py").read_text()
tests = ["tests/test_x.py::test_g", "tests/test_x.py::test_f"]
for old, new in (("a + 1", "a - 1"), ("a * 2", "a << 1"), ("a * 2", "g(a)"), ("def g", "deg g")):
    print(repr(place.judge("rtl_gen/x.py", source.replace(old, new), tests, 3)))
print(source == (place.place / "rtl_gen" / "x.py").read_text())
"""


def test_the_first_test_that_fails_is_named(tmp_path):
    (tmp_path / "rtl_gen").mkdir()
    (tmp_path / "tests").mkdir()
    source = "def f(a):\n    return a + 1\ndef g(a):\n    return a * 2\n"
    (tmp_path / "rtl_gen" / "x.py").write_text(source)
    (tmp_path / "rtl_gen" / "__init__.py").touch()
    tests = "from rtl_gen.x import f, g\ndef test_f(): assert f(2) == 3\n"
    (tmp_path / "tests" / "test_x.py").write_text(tests + "def test_g(): assert g(2) == 4\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # it is the root of its tests
    command = [sys.executable, "-c", SCRIPT, str(ROOT / "tests"), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    files, seen, *verdicts, whole = ran.stdout.splitlines()
    assert files == "['tests/test_x.py']", ran.stderr
    name = "tests/test_x.py::test_"
    assert seen == f"True {{'{name}f': [2], '{name}g': [4]}}"
    assert verdicts == [f"'{name}f'", "''", f"'{name}g'", "'collection'"]
    assert whole == "True"
