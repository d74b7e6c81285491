"""Pictures of a user's own: read as those of a data set, named as the file says."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import refused
from networks import NETWORKS, TINY, random_checkpoint, random_images
from PIL import Image

from fq_hw import checkpoint, flow
from fq_hw.cli import main
from fq_hw.data import DataKind
from fq_hw.data.picture import read_picture
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, ParameterError, SimulationError
from fq_hw.flow import activations, classify, simulate
from fq_hw.ir import Embed

NET = "tiny-bottleneck"


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint.write(Path("net"), random_checkpoint(TINY[NET], 1))
    for number, image in enumerate(random_images((9, 13, 3), 5)):  # of another size than the net's
        Path("own", "below").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(Path("own", "below" if number > 2 else "", f"{number}.png"))


@pytest.fixture
def model():
    return flow.load("net")


def test_it_answers_as_the_golden_model_does(model):
    seen = model.classify("own", "own/1.png")
    files = [Path("own/0.png"), Path("own/1.png"), Path("own/2.png"), Path("own/below/3.png"),
             Path("own/below/4.png"), Path("own/1.png")]  # fmt: skip
    images = np.stack([read_picture(file, model.image) for file in files])
    assert [one.picture for one in seen] == [str(file) for file in files]
    assert [one.label for one in seen] == model.labels(images).tolist()
    assert np.array_equal([one.scores for one in seen], model.scores(images))
    assert seen[0].cycle is None and seen[0].seconds > 0


def test_names_are_those_of_the_record(model):
    source = Source(kind=DataKind.FOLDER, path="p", image=model.image, classes=("cat", "dog"))
    named = replace(model, source=source)
    (plain,), (told,) = model.classify("own/1.png"), named.classify("own/1.png")
    assert plain.name == f"class {plain.label}" and told.name == source.classes[told.label]


def test_the_highest_scores_come_first_and_the_first_of_equal_ones_wins():
    names = tuple("abcdef")
    one = classify.Seen(picture="p", classes=names, scores=(1, 5, -2, 5, 0, -9), seconds=0.0)
    assert (one.label, one.name) == (1, "b")
    assert one.top() == [("b", 5), ("d", 5), ("a", 1), ("e", 0), ("c", -2)]


@pytest.mark.verilator
def test_the_verilog_answers_the_same_in_the_predicted_cycles(
    model, share_programs, monkeypatch, tmp_path, capsys
):
    share_programs(tmp_path)
    runs, real = [], simulate.simulated
    monkeypatch.setattr(classify, "simulated", lambda *args: runs.append(real(*args)) or runs[-1])
    assert main(["classify", "own", "--net", "net", "--on", "sim", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["pictures"]
    assert [row["scores"] for row in found] == [list(s.scores) for s in model.classify("own")]
    cycles = [row["cycle"] for row in found]
    assert cycles == [row["cycle, predicted"] for row in found] == sorted(cycles)
    design = model.design()
    (one,) = model.classify("own/0.png", on="sim", design=design)
    assert one.cycle == cycles[0]  # alone it comes no sooner and no later
    good = runs[-1]
    for bad, said in (
        (replace(good, scores=good.scores + 1), "scores of own/0.png must be the golden model's"),
        (replace(good, results=(cycles[0] + 1,)), "must give its results in cycles"),
    ):
        monkeypatch.setattr(classify, "simulated", lambda *args, bad=bad: bad)
        with pytest.raises(SimulationError, match=said):
            model.classify("own/0.png", on="sim", design=design)


def test_what_is_no_picture_is_refused_in_one_line(capsys):
    Path("a.png").write_text("no picture")
    Path("empty").mkdir()
    Image.new("RGBA", (4, 4)).save("clear.png")
    for name, said in (
        ("nothing.png", "data nothing.png: there is no such file"),
        ("a.png", "data a.png: not a readable picture"),
        ("empty", "data empty: must hold pictures (.bmp"),
        ("a.tiff", "data a.tiff: pictures must be .bmp"),
        ("clear.png", "data clear.png: has transparent pixels"),
    ):
        assert refused(capsys, "classify", name, "--net", "net").startswith(said)


def test_networks_that_cannot_answer(capsys):
    shutil.copy(flow.SHIPPED.parent / "ern-digits.toml", "ern-digits.toml")
    said = refused(capsys, "classify", "own", "--net", "ern-digits.toml")
    assert said.startswith("model 'ern-digits': has random weights, and would answer at random; ")
    checkpoint.write(Path("two"), random_checkpoint(TINY["tiny"], 1))
    said = refused(capsys, "classify", "own", "--net", "two")
    assert said == "model 'tiny': pictures have 1 colour (grey) or 3 (red, green, blue) (got 2)"
    with pytest.raises(ParameterError, match=r"^classify: on: must be one of golden, sim"):
        flow.load("net").classify("own", on="board")


def test_layers_of_a_picture(capsys, model):
    assert main(["classify", "own/1.png", "--net", "net", "--layers", "lay"]) == 0
    names = [op.name for op in model.graph.ops]
    files = sorted(path.name for path in Path("lay").iterdir())
    assert files == [f"{n:02}-{name}.png" for n, name in enumerate(names)]
    first = {path: path.read_bytes() for path in Path("lay").iterdir()}
    assert main(["classify", "own", "--net", "net", "--layers", "lay", "--layer", names[1]]) == 0
    assert {path: path.read_bytes() for path in first} == first  # the same values, the same bytes
    below = sorted(path for path in Path("lay").glob("*/*"))
    assert [path.parent.name for path in below] == ["0-0", "1-1", "2-2", "3-3", "4-4"]
    assert below[1].read_bytes() == Path("lay", files[1]).read_bytes()
    capsys.readouterr()
    said = refused(capsys, "classify", "own", "--net", "net", "--layers", "x", "--layer", "pixel")
    assert said.startswith(
        f"model '{NET}': must be the name of a tensor (got 'pixel'); did you mea"
    )
    assert "'pixels'? `fq-hw show` tells them: pixels, embedding, " in said
    assert not Path("x").exists()


def test_a_folder_that_cannot_be_made(model):
    Path("file").write_text("")
    with pytest.raises(ArtifactError, match=r"^--layers file/00-pixels.png: cannot be written"):
        activations.save_layers(model, random_images(model.image, 1)[0], Path("file"))


@pytest.mark.parametrize("name", ["gains", "awkward"])
def test_a_sheet_shows_every_value(name):
    """Each tile's pixels are the tensor's values, in their shade."""
    checkpoint.write(Path("other"), random_checkpoint(NETWORKS[name], 1))
    model = flow.load("other")
    image = random_images(model.image, 2)[1:]
    for op in model.graph.ops:
        values = model.tensor(image, op.name)[0]
        drawn = activations.sheet(model.graph, op, values)
        shades = drawn.colours()
        assert shades.shape == (*values.shape, 3) and shades.dtype == np.uint8
        for value in np.unique(values):
            assert len(np.unique(shades[values == value], axis=0)) == 1
        if drawn.signed:
            blue, red = (shades[values < 0], shades[values > 0])
            assert (blue[:, 2] >= blue[:, 0]).all() and (red[:, 0] >= red[:, 2]).all()
            assert (shades[values == 0] == 247).all()
        else:
            assert drawn.low == 0 and (np.diff([0, 255]) > 0).all()
        if isinstance(op, Embed):
            assert drawn.columns * model.image[2] == values.shape[-1]


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "\udcff"])
def test_names_in_a_folder_are_lines_too(name, capsys):
    shutil.copy("own/1.png", f"own/{name}.png")
    said = refused(capsys, "classify", "own", "--net", "net")
    assert said.startswith("picture: path must be 1 to 4095 printable characters (got 'own/")


def test_where_layers_cannot_be_is_said_before_the_work(monkeypatch, capsys):
    monkeypatch.setattr("fq_hw.cli.classify.classify", None)  # nothing is asked
    Path("file").touch()
    words = ["classify", "own/1.png", "--net", "net", "--layers"]
    assert refused(capsys, *words, "file") == (
        "--layers file: is a file; layers are pictures in a folder; name a folder"
    )
    said = refused(capsys, *words, "file/below")
    assert said.startswith("--layers file/below: cannot be written (Not a directory); name another")
