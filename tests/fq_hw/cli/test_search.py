"""``fq-hw search``: train a tiny float network, search it, stop and go on, refuse."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from floats import FLOATS, random_float
from idx_files import write_rows

from fq_hw import checkpoint, data
from fq_hw.cli import main
from fq_hw.data import DataKind
from fq_hw.data.split import hold_out
from fq_hw.files import alone, row_line
from fq_hw.fixed import saved
from fq_hw.fixed.integers import evaluate
from fq_hw.fixed.network import Role
from fq_hw.fixed.savings import savings
from fq_hw.fixed.search import with_spare
from fq_hw.flow.calibration import with_copies
from fq_hw.flow.model import SHIPPED

pytest.importorskip("torch", reason="training and search need torch")

CONFIG = """
[network]
name = "rows"
image = [8, 8, 1]
classes = 3
layers = [
    {{ op = "conv", width = 8, kernel = 3, norm = true, relu = true }},
    {{ op = "max-pool", kernel = 2 }},
    {{ op = "conv", width = 8, kernel = 3, norm = true, relu = true }},
    {{ op = "dense", width = 3 }},
]

[data]
kind = "idx"
path = "{data}"

[train]
epochs = 6
batch = 16
lr = 0.1
hold_out = 60
seed = 2
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder with a tiny IDX set (a bright row tells the class) and a network trained on it."""
    folder = tmp_path_factory.mktemp("rows")
    write_rows(folder, 300, 90, noise=130, bright=60)
    (folder / "rows.toml").write_text(CONFIG.format(data=folder))
    assert main(["train", str(folder / "rows.toml"), "--out", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def search(trained, tmp_path):
    """Run the command; the output goes to OUT in a folder of the test."""

    def run(*options, model=trained / "run" / "checkpoint.safetensors", path=trained):
        words = ["search", str(model), "--data", "idx", "--path", str(path)]
        return main([*words, "--out", str(tmp_path / "out"), *options])

    return run


def refusal(capsys, search, *options, **places):
    capsys.readouterr()
    assert search(*options, **places) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert out == "" and len(lines) == 1 and lines[0].startswith("fq-hw: error: "), err
    return lines[0].removeprefix("fq-hw: error: ")


def test_training_holds_images_out(trained):
    kept = checkpoint.read(trained / "run" / "checkpoint.safetensors")
    assert kept.provenance["hold_out"] == "60"
    assert kept.network.layers[0].width == 8
    assert kept.accuracy.percent > 60


def test_writes_what_it_measured(trained, search, tmp_path, capsys):
    capsys.readouterr()
    assert search("--target", "0.02", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    result = saved.read(tmp_path / "out")
    test = data.load(DataKind.IDX, trained, (8, 8, 1)).test()
    right = int((evaluate(result.fixed, test.images).argmax(1) == test.labels).sum())
    assert result.accuracy.right == right and result.accuracy.images == 90
    assert figures["accuracy %, fixed point"] == pytest.approx(100 * right / 90)
    float_right = checkpoint.read(trained / "run" / "checkpoint.safetensors").accuracy.right
    assert result.float_accuracy.right == float_right
    saving = savings(result.fixed.network, result.fixed.formats)
    assert figures["saved of 8 bit %, memory"] == saving.memory > 30
    assert figures["saved of 8 bit %, products by input width"] == saving.products_by_input > 30
    assert figures["relative loss %, calibration images"] <= 4
    assert [row["layer"] for row in figures["layers"]] == ["conv1", "conv2", "dense1"]
    assert figures["layers"][2]["activation"] is None
    words = ["golden", str(tmp_path / "out"), "--data", "idx", "--path", str(trained), "--json"]
    assert main(words) == 0  # and the graph is that network
    assert json.loads(capsys.readouterr().out)["right"] == right
    log = (tmp_path / "out.jsonl").read_text().splitlines()
    assert len(log) == 1 + 8  # where it comes from, then every tensor
    assert json.loads(log[0])["origin"]["images"] == 60


def test_a_second_look_saves_more_and_keeps_to_the_budget(search, tmp_path, capsys, monkeypatch):
    options = ("--target", "0.03", "--json")
    assert search(*options) == 0
    log = tmp_path / "out.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    rows[1] |= {"bits": rows[1]["bits"] + 3, "fraction": rows[1]["fraction"] + 3}
    bare = [{key: row[key] for key in row if key != "check"} for row in rows]
    log.write_text("".join(row_line(row) + "\n" for row in bare))  # as if more were left
    capsys.readouterr()
    assert search(*options, "--resume") == 0
    first, before = saved.read(tmp_path / "out"), json.loads(capsys.readouterr().out)
    begun = []

    def spied(formats, spare):
        begun.append(spare)
        return with_spare(formats, spare)

    monkeypatch.setattr("fq_hw.flow.search_steps.with_spare", spied)
    assert search(*options, "--resume", "--second-look") == 0
    second, figures = saved.read(tmp_path / "out"), json.loads(capsys.readouterr().out)
    changed = [t for t, form in second.fixed.formats.items() if form != first.fixed.formats[t]]
    assert changed
    assert not any(tensor.role is Role.BIAS for tensor in changed)
    for cost in ("memory", "products by output width"):
        assert figures[f"saved of 8 bit %, {cost}"] > before[f"saved of 8 bit %, {cost}"]
    assert figures["relative loss %, calibration images"] <= 6
    assert search(*options, "--resume", "--second-look", "2") == 0
    third = json.loads(capsys.readouterr().out)
    for cost in ("memory", "products by output width"):
        key = f"saved of 8 bit %, {cost}"
        assert third[key] >= before[key]
    assert begun == [0, 2]
    line = refusal(capsys, search, "--second-look", "9")
    assert line == "--second-look: must be in 0..8 (got 9)"
    line = refusal(capsys, search, "--second-look", "--variant", "uniform")
    assert line == "--second-look: has no effect on --variant uniform (got 0)"


def test_prints_a_table(search, capsys):
    capsys.readouterr()
    options = (
        "--images",
        "30",
        "--trained",
        "20",
        "--copies",
        "2",
        "--hardest",
        "0.5",
        "--equalize",
        "--compensate",
    )
    assert search("--target", "0.05", *options) == 0
    text = capsys.readouterr().out
    assert "bits, binary places of every tensor" in text and "dense1" in text
    assert "saved of 8 bit %, memory" in text


def test_copies_are_moved_by_a_pixel_and_mirrored(trained):
    held = hold_out(data.load(DataKind.IDX, trained, (8, 8, 1)), 60)[1]
    more = with_copies(held, 3, True)
    assert len(more) == 180 and (more.labels == np.tile(held.labels, 3)).all()
    np.testing.assert_array_equal(more.images[:60], held.images)
    padded = np.pad(held.images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    ways = [padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    ways = np.stack([*ways, *(way[:, :, ::-1] for way in ways)])
    hits = {int((more.images[60 + n] == ways[:, n]).all((1, 2, 3)).argmax()) for n in range(60)}
    assert all((more.images[60 + n] == ways[:, n]).all((1, 2, 3)).any() for n in range(60))
    assert len(hits) > 9
    np.testing.assert_array_equal(with_copies(held, 3, True).images, more.images)


def test_uniform_and_independent(search, capsys):
    capsys.readouterr()
    assert search("--variant", "uniform", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["saved of 8 bit %, memory"] == 0
    assert figures["mean bits, weight"] == 8
    assert search("--variant", "independent", "--target", "0.02", "--json") == 0
    assert json.loads(capsys.readouterr().out)["mean bits, weight"] < 8


@pytest.mark.parametrize("lines", [1, 4, 9])
@pytest.mark.parametrize("torn", ["", '{"tensor": "co'])
def test_goes_on_after_a_stop(search, tmp_path, lines, torn):
    assert search("--target", "0.02") == 0
    path, log = tmp_path / "out", tmp_path / "out.jsonl"
    whole, rows = path.read_bytes(), log.read_text().splitlines(keepends=True)
    path.unlink()
    log.write_text("".join(rows[:lines]) + torn)
    assert search("--target", "0.02", "--resume") == 0
    assert path.read_bytes() == whole
    timeless = [
        [{**json.loads(line), "seconds": 0, "check": ""} for line in text]
        for text in (rows, log.read_text().splitlines())
    ]
    assert timeless[0] == timeless[1]


def test_refuses_to_overwrite_or_to_resume_another_search(search, tmp_path, capsys):
    assert "out.jsonl: there is no search to resume; leave --resume out" in refusal(
        capsys, search, "--resume"
    )
    assert search("--target", "0.02") == 0
    assert "add --resume, or name another --out" in refusal(capsys, search, "--target", "0.02")
    message = refusal(capsys, search, "--target", "0.03", "--resume")
    assert message.endswith(
        "this search differs in config; search with the same, or name another --out"
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda line: line.replace('"bits": ', '"bits": 1'), "line 3 of out.jsonl: is damaged"),
        (lambda line: line[:-20], "line 3 of out.jsonl: is no JSON"),
        (lambda line: row_line({"tensor": "conv7.weight"}), "line 3: lacks the keys bits"),
        (lambda line: changed(line, tensor="conv7.weight"), "line 3: tensor must be one of"),
        (lambda line: changed(line, bits=99), "Format: bits must be in 1..32"),
        (lambda line: changed(line, seconds="7"), "line 3.seconds: must be a number"),
    ],
)
def test_refuses_a_damaged_log(search, tmp_path, capsys, damage, said):
    assert search("--target", "0.02") == 0
    log = tmp_path / "out.jsonl"
    lines = log.read_text().splitlines()
    lines[2] = damage(lines[2])
    before = "\n".join([*lines, "torn"])
    log.write_text(before)
    assert said in refusal(capsys, search, "--target", "0.02", "--resume")
    assert log.read_text() == before


def test_a_file_of_somebody_else_is_no_torn_log(search, tmp_path, capsys):
    (tmp_path / "out.jsonl").write_text("a line without its end")
    assert "is no log of a search" in refusal(capsys, search, "--target", "0.02", "--resume")
    assert (tmp_path / "out.jsonl").read_text() == "a line without its end"


def changed(line, **fields):
    """A line of the log with other fields, and the right check."""
    return row_line({k: v for k, v in json.loads(line).items() if k != "check"} | fields)


def test_two_at_a_time(search, tmp_path, capsys):
    assert search("--target", "0.02") == 0
    with alone(tmp_path / "out.jsonl", "the first"):
        line = refusal(capsys, search, "--target", "0.02", "--resume")
    assert "out.jsonl: another fq-hw works there; wait for it" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--target", "0"), "SearchConfig: target must be between 0 and 1 (got 0.0)"),
        (("--bits", "1"), "SearchConfig: bits must be in 2..16 (got 1)"),
        (("--images", "61"), "--images: must be in 1..60 (got 61)"),
        (("--hardest", "0"), "--hardest: must be above 0 and at most 1 (got 0.0)"),
        (("--trained", "241"), "--trained: must be in 0..240 (got 241)"),
        (("--copies", "0"), "--copies: must be at least 1 (got 0)"),
        (("--threads", "0"), "fq-hw search --threads: must be at least 1 (got 0)"),
    ],
)
def test_refuses_options(search, tmp_path, capsys, options, message):
    assert refusal(capsys, search, *options) == message
    assert not list(tmp_path.iterdir())


def test_refuses_models_and_data(trained, search, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    for file in trained.glob("*ubyte"):
        (other / file.name).write_bytes(file.read_bytes())
    contract = r"must be the data of .*checkpoint.safetensors, idx rows.* \(got 'idx other'\)"
    assert re.search(contract, refusal(capsys, search, path=other))

    every = tmp_path / "every.safetensors"
    kept = checkpoint.read(trained / "run" / "checkpoint.safetensors")
    checkpoint.write(every, checkpoint.Checkpoint(network=kept.network, arrays=kept.arrays))
    assert "must be trained with hold_out = N" in refusal(capsys, search, model=every)

    wide = tmp_path / "wide.safetensors"
    checkpoint.write(wide, random_float(FLOATS["branched"], 1))
    assert "images must be 12 x 10 x 3" in refusal(capsys, search, model=wide)

    assert "must be of a float network" in refusal(capsys, search, model=SHIPPED)
    assert "`fq-hw train` makes such a file" in refusal(capsys, search, model=tmp_path / "none")


def test_other_commands_refuse_a_float_checkpoint(trained, capsys):
    capsys.readouterr()
    assert main(["show", str(trained / "run" / "checkpoint.safetensors")]) == 2
    assert "`fq-hw search` quantizes it" in capsys.readouterr().err
