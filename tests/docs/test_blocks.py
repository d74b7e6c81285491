"""Every block of code in the documents is judged: parsed, bound, run, or marked with a reason."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import tomllib

import documents
import pytest
from documents import PAGES, ROOT, Block
from networks import TINY, random_checkpoint
from shell_lines import commands, has_placeholder, logical_lines, wrong_with

from fq_hw import checkpoint, flow
from fq_hw.cli.main import build_parser, main
from fq_hw.flow.config import Config
from fq_hw.flow.study import Study
from fq_hw.nn.recipe import TrainConfig
from fq_hw.plain import from_plain

ALL = [block for page in PAGES for block in documents.blocks(page)]
SHELL = ("sh", "")
QUICK = {"show", "golden", "estimate", "fold", "export", "rtl"}  # run here, on a tiny network


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages]


def titles(block: Block) -> set[str]:
    """Files that the page has made before this block, or makes by it."""
    return {b.title for b in ALL if b.page == block.page and b.title and b.line <= block.line}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A checkpoint of a very small network, in the place of the shipped one."""
    path = tmp_path_factory.mktemp("docs") / "tiny.safetensors"
    checkpoint.write(path, random_checkpoint(TINY["tiny"], 1))
    return path


def test_every_block_is_of_a_kind_that_is_judged():
    known = {*SHELL, "python", "toml", "json", "text", "verilog"}
    assert [str(block) for block in ALL if block.language not in known] == []


@pytest.mark.parametrize("block", of(*SHELL), ids=str)
def test_commands_are_what_the_parser_takes(block):
    wrong = [
        f"{' '.join(words)}: {said}"
        for line in logical_lines(block.content)
        for words in commands(line)
        if (said := wrong_with(words, titles(block)))
    ]
    assert wrong == []


@pytest.mark.parametrize("block", of("text"), ids=str)
def test_what_is_shown_is_what_a_command_printed(block):
    """Such a block stands behind one whose commands run; tests/docs/test_pages.py compares them."""
    before = ALL[ALL.index(block) - 1]
    runs = before.page == block.page and before.language in SHELL and before.mark != "not run"
    whole = runs and not any(
        has_placeholder(words) for line in logical_lines(before.content) for words in commands(line)
    )
    assert whole or block.reason or block.title


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json(block):
    json.loads(block.content)


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
    shipped = tomllib.loads((ROOT / "fq_hw/models/digits.toml").read_text())
    tables = tomllib.loads(block.content)
    if "variants" in tables:
        from_plain(Study, tables, "study")
        return
    if "layers" in tables.get("network", {}):
        shipped["network"] = {}
    tables = tables if block.title else merged(tables, shipped)
    config = from_plain(Config, tables, "config")
    from_plain(TrainConfig, config.train, "train")


def quick_lines() -> list[list[str]]:
    """Each different command of the documents that runs in a moment and needs no file."""
    found = []
    for block in of(*SHELL):
        if block.mark == "not run":
            continue
        for words in [w for line in logical_lines(block.content) for w in commands(line)]:
            if words[0] == "fq-hw" and words[1] in QUICK and not has_placeholder(words):
                args = build_parser().parse_args(words[1:])
                if args.model == flow.SHIPPED and words not in found:
                    found.append(words)
    return found


@pytest.mark.parametrize("words", quick_lines(), ids=" ".join)
def test_quick_commands_run(words, tiny, tmp_path, monkeypatch, capsys):
    """On a tiny network in the place of the shipped one."""
    for module in ("fq_hw.cli.model", "fq_hw.cli.sizes"):
        monkeypatch.setattr(f"{module}.SHIPPED", tiny)
    monkeypatch.chdir(tmp_path)
    assert main(words[1:]) == 0, capsys.readouterr().err


def test_quick_commands_are_found():
    assert len(quick_lines()) >= 5


PYTHON = sorted({block.page for block in of("python")} - {ROOT / "README.md"})


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_runs(page, tiny, tmp_path, monkeypatch):
    """Blocks of a page in one namespace; of those that do not run, the imports alone.

    README's run in tests/fq_hw/flow/test_flow.py, which looks at what they give.
    """
    monkeypatch.setattr(flow, "SHIPPED", tiny)
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    for block in [b for b in of("python") if b.page == page]:
        tree = ast.parse(block.content)
        if block.title:
            continue  # a file, which a command of the page or a test of its own runs
        if block.mark:
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module or "")
                    assert all(hasattr(module, name.name) for name in node.names)
            continue
        with contextlib.redirect_stdout(None):
            exec(compile(tree, str(block), "exec"), space)


def test_python_files_of_a_page_are_run_by_it():
    for block in of("python"):
        if block.title and not block.title.startswith(("fq_hw/", "rtl_gen/", "sim/", "tests/")):
            shell = "".join(b.content for b in of(*SHELL) if b.page == block.page)
            assert f"python {block.title}" in shell, str(block)
