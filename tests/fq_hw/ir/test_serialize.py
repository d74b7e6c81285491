"""Graphs as files: what is written comes back bit for bit, and nothing else is accepted."""

import numpy as np
import pytest
from classic import CLASSIC, classic_graph
from networks import NETWORKS, random_checkpoint, random_graph

from fq_hw import artifact, checkpoint, ir
from fq_hw.data import DataKind
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError
from fq_hw.ir import serialize
from fq_hw.ir.text import to_text
from fq_hw.passes import lower_graph


def refusal(path):
    with pytest.raises(ArtifactError) as caught:
        serialize.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", [*NETWORKS, *CLASSIC])
def test_round_trip(tmp_path, name):
    whole = random_graph(name) if name in NETWORKS else classic_graph(name)
    for index, graph in enumerate((whole, lower_graph(whole))):
        path, again = tmp_path / f"{index}", tmp_path / f"{index}-again"
        serialize.save(path, graph)
        found = serialize.load(path)
        assert to_text(found) == to_text(graph)
        for op, other in zip(graph.ops, found.ops, strict=True):
            assert vars(op).keys() == vars(other).keys()
            for field, value in vars(op).items():
                np.testing.assert_array_equal(getattr(other, field), value)
        serialize.save(again, found)
        assert again.read_bytes() == path.read_bytes()


def test_what_it_was_trained_on_comes_back(tmp_path):
    graph = random_graph("basic")
    classes = tuple(f"class {n}" for n in range(graph.classes))
    source = Source(kind=DataKind.FOLDER, path="a/b", image=graph.input.shape, classes=classes)
    serialize.save(tmp_path / "g", graph, source)
    found, again = serialize.load_with_source(tmp_path / "g")
    assert again == source and to_text(found) == to_text(graph)
    assert to_text(serialize.load(tmp_path / "g")) == to_text(graph)
    record, arrays = artifact.read(tmp_path / "g", serialize.KIND, "test")
    del record["data"]  # as files were before
    artifact.write(tmp_path / "g", serialize.KIND, record, arrays)
    assert serialize.load_with_source(tmp_path / "g")[1] is None


def test_refuses_a_record_of_other_classes(tmp_path):
    graph = random_graph("basic")
    source = Source(kind=DataKind.DIGITS, image=graph.input.shape, classes=("a", "b"))
    serialize.save(tmp_path / "g", graph, source)
    assert "the data it was trained on must have images of" in refusal(tmp_path / "g")


def test_names_with_colons_and_other_letters(tmp_path):
    op = ir.Input(name="x:table:é", shape=(2, 2, 1))
    table = np.ones((1, 256, 1), np.uint8)
    embed = ir.Embed(name="x:table", inputs=(op.name,), table=table, out_bits=2)
    graph = ir.Graph("g", (op, embed))
    serialize.save(tmp_path / "g", graph)
    assert to_text(serialize.load(tmp_path / "g")) == to_text(graph)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "g.safetensors"
    serialize.save(path, random_graph("basic"))
    return path


def rewrite(path, edit, arrays=None):
    """Change the record of a saved graph, and perhaps its arrays."""
    record, old = artifact.read(path, serialize.KIND, "test")
    edit(record)
    artifact.write(path, serialize.KIND, record, {**old, **(arrays or {})})
    return path


def test_refuses_absent_truncated_and_foreign(saved, tmp_path):
    assert refusal(tmp_path / "none").startswith(
        "there is no such file; `fq-hw export` makes such a file"
    )
    saved.write_bytes(saved.read_bytes()[:-5])
    assert refusal(saved).startswith("not a whole safetensors file")
    saved.write_bytes(b"\x80\x04" * 100)
    assert refusal(saved).startswith("not a whole safetensors file")


def test_refuses_a_checkpoint_and_another_version(saved):
    record, arrays = artifact.read(saved, serialize.KIND, "test")
    artifact.write(saved, "fq_hw.graph.3", record, arrays)
    assert refusal(saved).startswith("is no file of the kind fq_hw.graph.2")
    checkpoint.write(saved, random_checkpoint(NETWORKS["basic"], 0))
    assert refusal(saved).endswith("(got 'fq_hw.checkpoint.2'); `fq-hw export` makes such a file")


def edit_node(index, **changes):
    def edit(record):
        record["nodes"][index].update(changes)

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edit_node(2, op="pool"), "op 'stem.0.conv': kind must be one of"),
        (edit_node(2, op=[]), "op 'stem.0.conv': kind must be one of"),
        (edit_node(2, stride="x"), "op 'stem.0.conv'.stride: must be an integer"),
        (edit_node(2, stride=None), "op 'stem.0.conv'.stride: must be an integer"),
        (edit_node(2, stride=-1), "Conv 'stem.0.conv': stride and dilation must be in 1..255"),
        (edit_node(2, inputs=["nobody"]), "Conv 'stem.0.conv': inputs must come before it"),
        (edit_node(2, inputs=None), "op 'stem.0.conv'.inputs: must be a list"),
        (edit_node(2, colour=1), "op 'stem.0.conv': the keys are"),
        (edit_node(0, shape=[12, 12, 4]), "Conv 'stem.0.conv': needs weights for 16 channels"),
        (edit_node(3, out_bits=3), "Threshold 'stem.0.act': needs 7 levels per channel"),
        (lambda r: r["nodes"][2].pop("padding"), "op 'stem.0.conv': lacks the keys padding"),
        (lambda r: r["nodes"].pop(5), "array 'stages.0.0."),
        (lambda r: r["nodes"].append(7), "record.nodes[32]: must be a table (got 7)"),
        (lambda r: r.pop("nodes"), "record: lacks the keys nodes"),
        (lambda r: r.pop("name"), "record: lacks the keys name"),
        (lambda r: r.update(nodes=[]), "array 'embedding:table': must be a field"),
        (lambda r: r.update(nodes=3), "record.nodes: must be a list (got 3)"),
    ],
)
def test_refuses_a_record_that_does_not_fit(saved, edit, message):
    assert refusal(rewrite(saved, edit)).startswith(message)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"nobody:weight": np.ones(1)}, "array 'nobody:weight': must be a field"),
        ({"stem.0.conv:name": np.ones(2)}, "array 'stem.0.conv:name': must be a field"),
        ({"nocolon": np.ones(1)}, "array 'nocolon': must be a field"),
        ({"stem.0.conv:stride": np.ones(2)}, "array 'stem.0.conv:stride': must be a field"),
        ({"stem.0.conv:weight": np.zeros((1, 1, 1, 1), np.int8)}, "Conv 'stem.0.conv': weights"),
        ({"embedding:table": np.zeros((1, 256, 4))}, "Embed 'embedding': table must be an array"),
        ({"stem.0.act:levels": np.full((8, 3), np.nan)}, "Threshold 'stem.0.act': levels must be"),
    ],
)
def test_refuses_arrays_that_do_not_fit(saved, arrays, message):
    assert refusal(rewrite(saved, lambda record: None, arrays)).startswith(message)
