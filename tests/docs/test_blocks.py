"""Every block of code in the documents is judged: parsed, bound, run, or marked with a reason."""

from __future__ import annotations

import argparse
import ast
import tomllib
from dataclasses import replace
from pathlib import Path

import documents
import pytest
from documents import PAGES, ROOT, Block
from networks import TINY, random_checkpoint
from shell_lines import QUICK, commands, has_placeholder, logical_lines, wrong_with

from fq_hw import checkpoint, flow
from fq_hw.cli.main import build_parser, show
from fq_hw.flow.config import Config
from fq_hw.flow.study import Study
from fq_hw.nn.recipe import TrainConfig
from fq_hw.plain import from_plain

ALL = [block for page in PAGES for block in documents.blocks(page)]
SHELL = ("sh", "")
INPUTS = ("model", "net", "pictures", "fold", "path", "images")  # arguments that name files to read
RUN = sorted({b.page for b in ALL if b.language in (*SHELL, "python")} - {ROOT / "README.md"})
RAN: list[list[str]] = []  # commands that stand on several pages run once


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages]


def words_of(block: Block) -> list[list[str]]:
    """The commands of a block of the shell."""
    lines = logical_lines(block.content) if block.language in SHELL else []
    return [words for line in lines for words in commands(line)]


def titles(block: Block) -> set[str]:
    """Files that the page has made before this block, or makes by it."""
    return {b.title for b in ALL if b.page == block.page and b.title and b.line <= block.line}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A checkpoint of a very small network, in the place of the shipped one."""
    path = tmp_path_factory.mktemp("docs") / "tiny.safetensors"
    network = replace(TINY["tiny"], image=(8, 8, 3))
    checkpoint.write(path, random_checkpoint(network, 1))
    return path


def test_every_block_is_of_a_kind_that_is_judged():
    known = {*SHELL, "python", "toml", "text", "verilog"}
    assert [str(block) for block in ALL if block.language not in known] == []


@pytest.mark.parametrize("block", of(*SHELL), ids=str)
def test_commands_are_what_the_parser_takes(block):
    wrong = [
        f"{' '.join(words)}: {said}"
        for words in words_of(block)
        if (said := wrong_with(words, titles(block)))
    ]
    assert wrong == []


@pytest.mark.parametrize("block", of("text"), ids=str)
def test_what_is_shown_is_what_a_command_printed(block):
    """Such a block stands behind one whose commands run; tests/docs/test_pages.py compares them."""
    before = ALL[ALL.index(block) - 1]
    runs = before.page == block.page and before.language in SHELL and before.mark != "not run"
    whole = runs and not any(map(has_placeholder, words_of(before)))
    assert whole or block.reason or block.title


@pytest.mark.parametrize("block", of("verilog"), ids=str)
def test_verilog_is_a_file_that_the_page_simulates(block):
    rest = [b for b in ALL if b.page == block.page and b.line > block.line]
    words = {w for b in rest if b.language in SHELL for w in b.content.split()}
    assert block.title in words or block.reason


def merged(own: dict, base: dict) -> dict:
    """``own``, which may leave out tables and keys that ``base`` has."""
    return {key: base.get(key, {}) | own.get(key, {}) for key in {*own, *base}}


@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_keys_are_those_of_the_records(block):
    """What a page leaves out is as the shipped network has it."""
    shipped = tomllib.loads((ROOT / "fq_hw/models/ern-digits.toml").read_text())
    tables = tomllib.loads(block.content)
    if "variants" in tables:
        from_plain(Study, tables, "study")
        return
    if "layers" in tables.get("network", {}):
        shipped["network"] = {}
    tables = tables if block.title else merged(tables, shipped)
    config = from_plain(Config, tables, "config")
    from_plain(TrainConfig, config.train, "train")


def quick(block: Block) -> list[list[str]]:
    """The commands of a block that take a moment."""
    if block.mark == "not run":
        return []
    known = [words for words in words_of(block) if words[0] == "fq-hw" and words[1] in QUICK]
    return [words for words in known if not has_placeholder(words)]


def is_here(args: argparse.Namespace) -> bool:
    """Whether every file that a command reads is there."""
    given = [getattr(args, name, None) for name in INPUTS]
    paths = [path for one in given for path in (one if isinstance(one, list) else [one]) if path]
    return all(Path(path).exists() for path in paths)


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_quick_blocks_run(page, tiny, tmp_path, monkeypatch):
    """A page's Python in one namespace, and commands that take a moment, on a tiny network.

    A block of Python that does not run has imports that do. README's is run and looked at by
    tests/fq_hw/flow/test_flow.py; commands that need files of slow ones run in test_pages.py.
    """
    shipped = flow.SHIPPED
    monkeypatch.setattr(flow, "SHIPPED", tiny)
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    for block in documents.blocks(page):
        if block.language == "python" and not block.title:
            tree = ast.parse(block.content)
            if block.mark:
                kept = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
                tree = ast.Module(body=kept, type_ignores=[])
            exec(compile(tree, str(block), "exec"), space)
        for words in quick(block):
            args = build_parser().parse_args(words[1:])
            if words in RAN or not is_here(args) or getattr(args, "on", "") == "sim":
                continue
            RAN.append(words)
            vars(args).update({k: tiny for k, v in vars(args).items() if v == shipped})
            args.typed = " ".join(words)
            assert show(args) == 0


def test_there_are_quick_commands():
    found = {words[1] for block in ALL for words in quick(block)}
    assert {"classify", "estimate", "fold", "rtl"} <= found <= QUICK


def test_python_files_of_a_page_are_run_by_it():
    for block in of("python"):
        if block.title and not block.title.startswith(("fq_hw/", "rtl_gen/", "sim/", "tests/")):
            shell = "".join(b.content for b in of(*SHELL) if b.page == block.page)
            files = [b for b in of("toml") if b.page == block.page and b.title]
            named = [b.title for b in files if f'"{block.title}:' in b.content]
            assert f"python {block.title}" in shell or any(name in shell for name in named), block
