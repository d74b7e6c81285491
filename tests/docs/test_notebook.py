"""The notebooks of docs/examples: their cells run, and give what is stored."""

from __future__ import annotations

import ast
import dataclasses
import json

import pytest
from documents import ROOT

from docs.site.notebook import NOTEBOOKS, run
from fq_hw import flow

MEANT = {"flow": flow, "model": flow.Model, "design": flow.Design, "found": flow.Comparison}


def given(notebook: dict) -> list:
    """What the cells give, but for the bytes of pictures, which fonts and libraries decide."""
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", ())]
    return [o.get("text") or sorted(set(o["data"]) - {"text/plain"}) or o["data"] for o in outputs]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.verilator
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_give_what_is_stored(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert given(run(path)) == given(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_names_are_those_of_the_flow(path):
    """The quick half: what the cells ask of the flow, a model and a design is there."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    asked = 0
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in MEANT:
            kind = MEANT[node.value.id]
            fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
            assert hasattr(kind, node.attr) or node.attr in {field.name for field in fields}
            asked += 1
    assert asked >= 10
