"""Files of our own kinds that a stranger wrote: one line, and nothing but the output changes."""

from __future__ import annotations

import pytest
from floats import random_fixed
from networks import NETWORKS, random_checkpoint, random_graph

from fq_hw import artifact, checkpoint
from fq_hw.checkpoint import Accuracy
from fq_hw.cli import main
from fq_hw.fixed import saved
from fq_hw.ir import serialize
from fq_hw.passes import lower_graph

VICTIM = "../../victim"


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Commands write below the working directory; what is beside it must stay as it is."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "precious").write_text("precious")
    (tmp_path / "work" / "place").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "place")


def refused(capsys, *words: object) -> str:
    """The one line of a command that must fail."""
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert out == "" and len(lines) == 1 and len(lines[0]) < 1100, (out, err)
    assert lines[0].startswith("fq-hw: error: ")
    return lines[0].removeprefix("fq-hw: error: ")


def named(path, kind, name):
    """Give the network or graph in a file another name."""
    record, arrays = artifact.read(path, kind, "test")
    record.get("network", record)["name"] = name
    artifact.write(path, kind, record, arrays)


def a_checkpoint(path, name):
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    named(path, checkpoint.KIND, name)


def a_graph(path, name):
    serialize.save(path, lower_graph(random_graph("gains")))
    named(path, serialize.KIND, name)


def a_fixed_network(path, name):
    score = Accuracy(data="some", images=50, right=40)
    whole = saved.Saved(fixed=random_fixed("plain", 1), accuracy=score, float_accuracy=score)
    saved.write(path, whole)
    named(path, saved.KIND, name)


MAKERS = {"checkpoint": a_checkpoint, "graph": a_graph, "fixed": a_fixed_network}


@pytest.mark.parametrize("name", [VICTIM, "/tmp/victim", "..", ".x", "a/b", "", "a\nb", "-x", 7])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_name_that_is_a_path(kind, name, capsys, tmp_path):
    path = tmp_path / "it.safetensors"
    MAKERS[kind](path, name)
    for command in ("export", "rtl", "build"):
        refused(capsys, command, path)
    assert (tmp_path / "victim" / "precious").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["it.safetensors", "victim", "work"]
    assert not list((tmp_path / "work").rglob("*victim*"))
