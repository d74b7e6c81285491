"""Names in texts: a command, option, verb, path, module or decision that a text names exists.

Texts are README.md, the documents, and in the four packages docstrings, help and messages.
"""

import argparse
import ast
import re
from pathlib import Path

import pytest

from fq_hw.cli.main import build_parser

ROOT = Path(__file__).parents[1]
PACKAGES = ("fq_hw", "boards", "bus", "rtl_gen", "sim")
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted(path for name in (*PACKAGES, "docs") for path in (ROOT / name).rglob("*.py"))
VALUE = "\N{WHITE SQUARE}"  # what an f-string puts in
FOREIGN = {
    "--nproc-per-node",
    "--binary",
    "--top-module",
    "--lint-only",
    "--vopt",
    "--cpu_as_gpio",
    "--mspi_as_gpio",
    "--sspi_as_gpio",
}  # options of other tools that texts name
PLACE = re.compile(r"(?<![\w./-])(?:tests|docs|fq_hw|boards|bus|rtl_gen|sim)/[\w./-]*\w")


def commands() -> dict[str, set[str]]:
    """The options of every command."""
    (subs,) = (
        action.choices
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {name: set(parser._option_string_actions) for name, parser in subs.items()}


COMMANDS = commands()
OPTIONS = set().union(*COMMANDS.values(), {"--version"}, FOREIGN)
VERBS = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))


def texts(path: Path) -> list[str]:
    """The texts of a file: all of a document, of a source its strings that hold a space."""
    if path.suffix == ".md":
        return [path.read_text(encoding="utf-8")]
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [n.value if isinstance(n, ast.Constant) else VALUE for n in node.values]
            found.append("".join(map(str, parts)))
        elif isinstance(getattr(node, "value", None), str) and id(node) not in inside:
            found.append(node.value)
    return [text for text in found if " " in text.strip()]


def code(text: str) -> list[str]:
    """What stands between backticks, and the lines of code blocks without their comments."""
    blocks = re.findall(r"(?ms)^```[^\n]*\n(.*?)^```", text)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    rest = re.sub(r"(?ms)^```[^\n]*\n.*?^```", "", text)
    spans = re.findall(r"``(.+?)``|`(.+?)`", rest, flags=re.S)
    return [*lines, *(" ".join((a or b).split()) for a, b in spans)]


def exists(dotted: str) -> bool:
    """Whether ``package.module.name`` is there: a file, and the name a word in it."""
    place, names = ROOT, dotted.split(".")
    while names and (place / names[0]).is_dir():
        place /= names.pop(0)
    file = place / "__init__.py"
    if names and (place / f"{names[0]}.py").is_file():
        file = place / f"{names.pop(0)}.py"
    words = set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    return words.issuperset(names)


def stale(text: str, own: frozenset[str] = frozenset()) -> list[str]:
    """Names in ``text`` that do not exist; ``own`` are options of a script with its own parser."""
    wrong = []
    snippets = code(text)
    if text.startswith("fq-hw "):  # a message that begins with its command
        snippets.append(text.partition(":")[0])
    for snippet in snippets:
        words = snippet.split()
        if words[:1] == ["fq-hw"] and words[1:] and re.fullmatch(r"[a-z][a-z-]*", words[1]):
            known = COMMANDS.get(words[1])
            if known is None:
                wrong.append(f"fq-hw {words[1]}")
                continue
            given = re.findall(r"(?<![\w-])--[a-z][\w-]*", snippet)
            wrong += [f"fq-hw {words[1]} {option}" for option in given if option not in known]
        if words[:1] == ["make"] and words[1:] and re.fullmatch(r"[a-z][a-z-]*", words[1]):
            wrong += [] if words[1] in VERBS else [f"make {words[1]}"]
    for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", text):
        if option not in OPTIONS | own:
            wrong.append(option)
    for number in re.findall(r"decisions?[ /](\d{4})\b", text):
        if not list((ROOT / "docs/decisions").glob(f"{number}-*.md")):
            wrong.append(f"decision {number}")
    made = set(re.findall(r'(?m)^```\w+ title="([^"]+)"', text))  # files whose content stands there
    places = set(PLACE.findall(text)) - made
    wrong += [place for place in places if not (ROOT / place).exists()]
    dotted = r"``?((?:fq_hw|boards|bus|rtl_gen|sim)(?:\.\w+)+)(?:\(\))?``?"
    wrong += [name for name in re.findall(dotted, text) if not exists(name)]
    return sorted(set(wrong))


def named_scripts(page: Path) -> list[Path]:
    """The scripts below docs whose commands stand on a page."""
    names = re.findall(r"python (docs/[\w/]+\.py)", page.read_text(encoding="utf-8"))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


@pytest.mark.parametrize("path", [*DOCUMENTS, *SOURCES], ids=lambda p: str(p.relative_to(ROOT)))
def test_names_exist(path):
    own = frozenset()
    if "docs" in path.parts:  # options of the script itself, or of one that the page names
        scripts = [path] if path.suffix == ".py" else named_scripts(path)
        found = "".join(script.read_text() for script in scripts)
        own = frozenset(re.findall(r'add_argument\("(--[\w-]+)"', found))
    assert {name for text in texts(path) for name in stale(text, own)} == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("`fq-hw quantize NET`", "fq-hw quantize"),
        ("`fq-hw show NET --cycles 3`", "fq-hw show --cycles"),
        ("```\nfq-hw bild NET  # a bitstream\n```", "fq-hw bild"),
        ("fq-hw trian: needs torch", "fq-hw trian"),
        ("run `make bench-all`", "make bench-all"),
        ("try other seeds (--sead)", "--sead"),
        ("see decision 0099", "decision 0099"),
        ("see docs/decisions/0099-of-nothing.md", "decision 0099"),
        ("held by tests/test_nothing.py", "tests/test_nothing.py"),
        ('in tests/a.py\n```python title="tests/b.py"\n```', "tests/a.py"),
        ("as ``boards.link.answer`` says", "boards.link.answer"),
        ("as in ``fq_hw.schedule.nothing``", "fq_hw.schedule.nothing"),
    ],
)
def test_a_stale_name_is_found(text, name):
    assert name in stale(text)


def test_names_that_exist_are_not_stale():
    text = "`fq-hw build --sequential`, `make demo`, (--cycles), docs/decisions/0001, `fq-hw NAME`"
    assert stale(text.replace("0001", "0001-export-gives-plain-nodes.md")) == []
