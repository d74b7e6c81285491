"""600 pictures of three classes, class by class on disk: every command sees all classes, and says
what a loop in plain Python says."""

import json
from pathlib import Path

import commands
import numpy as np
import pytest
from commands import refused
from PIL import Image

from fq_hw import golden
from fq_hw.cli import main
from fq_hw.data.order import shuffled
from fq_hw.flow.model import load_model

pytest.importorskip("torch", reason="training needs torch")

CLASSES = ("ant", "bee", "cow")
SIZES = {"train": 140, "test": 60}  # pictures of each class
HEAD = """
[data]
kind = "folder"
path = "pictures"

[network]
name = "{name}"
image = [8, 8, 3]
classes = 3
"""
BINARY = (
    HEAD.format(name="binary")
    + """
block = "basic"
embedding = { length = 2 }
stem = [{ width = 8, norm = false }]
stages = [{ width = 8, blocks = 1 }]

[train]
epochs = 3
batch = 20
lr = 0.05
validation = 0.1
keep = "best"
"""
)
FLOAT = (
    HEAD.format(name="real")
    + """
layers = [
    { op = "conv", width = 8, kernel = 3, norm = true, relu = true },
    { op = "max-pool", kernel = 2 },
    { op = "dense", width = 3 },
]

[train]
epochs = 4
batch = 20
lr = 0.05
hold_out = 90
"""
)


@pytest.fixture(scope="module")
def place(tmp_path_factory, share_programs):
    """A folder with the pictures and both configurations."""
    place = tmp_path_factory.mktemp("own")
    share_programs(place)
    rng = np.random.default_rng(0)
    for part, count in SIZES.items():
        for label, name in enumerate(CLASSES):
            folder = place / "pictures" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                image = rng.integers(0, 120, (8, 8, 3), np.uint8)
                image[..., label] += 30  # not so much that all come out right
                Image.fromarray(image).save(folder / f"{number:03}.png")
    (place / "binary.toml").write_text(BINARY)
    (place / "real.toml").write_text(FLOAT)
    return place


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    monkeypatch.chdir(place)


@pytest.fixture(scope="module")
def trained(place):
    """The commands that end in a checkpoint, a graph and a fixed-point network; their figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name in ("binary", "real"):
            assert main(["train", f"{name}.toml", "--out", name]) == 0
        assert main(["export", "binary/checkpoint.safetensors", "--out", "graph"]) == 0
        words = ["search", "real/checkpoint.safetensors", "--target", "0.02", "--out", "fixed"]
        assert main(words) == 0
    return {"checkpoint": "binary/checkpoint.safetensors", "graph": "graph", "fixed": "fixed"}


def said(capsys, *words):
    return json.loads(commands.said(capsys, *words, "--json"))


def in_plain_python(model, count=180):
    """Right ones of each class among the first ``count`` pictures of the test split, one by one."""
    graph = load_model(Path(model)).graph
    files = [f for name in CLASSES for f in sorted(Path("pictures", "test", name).glob("*.png"))]
    labels = np.repeat(np.arange(3), SIZES["test"])
    right = [0, 0, 0]
    for number in shuffled(labels)[:count]:
        pixels = np.asarray(Image.open(files[number]).convert("RGB"))
        found = golden.run(graph, pixels[None])[graph.ops[-1].name].item()
        right[labels[number]] += found == labels[number]
    return right


@pytest.mark.parametrize("model", ["checkpoint", "graph", "fixed"])
@pytest.mark.parametrize("images", [60, 180])
def test_golden_says_what_a_plain_loop_says(trained, capsys, model, images):
    found = said(capsys, "golden", trained[model], "--images", str(images))
    right = in_plain_python(trained[model], images)
    assert found["data"] == "folder pictures"
    assert [row["class"] for row in found["classes"]] == list(CLASSES)
    assert [row["images"] for row in found["classes"]] == [images // 3] * 3
    assert [row["right, golden"] for row in found["classes"]] == right
    assert found["accuracy %"] == 100 * sum(right) / images
    assert sum(right) > images / 2  # and it has learned something
    capsys.readouterr()
    assert main(["golden", trained[model], "--images", "60"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in CLASSES)


def test_search_judges_by_all_classes_and_measures_the_whole_test_split(trained, capsys):
    words = ["search", "real/checkpoint.safetensors", "--variant", "uniform", "--out", "uniform"]
    found = said(capsys, *words)
    right = sum(in_plain_python("uniform"))
    assert found["accuracy %, fixed point"] == pytest.approx(100 * right / 180)
    assert abs(found["relative loss %, calibration images"]) < 5
    for few in ("fixed", "uniform"):
        assert sum(in_plain_python(few)) > 120


@pytest.mark.verilator
def test_sim_sees_all_classes_and_says_the_same(trained, capsys):
    words = ("sim", trained["checkpoint"], "--images", "9", "--level-images", "1")
    found = said(capsys, *words)
    few, every = in_plain_python(trained["checkpoint"], 9), in_plain_python(trained["checkpoint"])
    for row, name, right in zip(found["classes"], CLASSES, few, strict=True):
        assert row == {"label": CLASSES.index(name), "class": name, "images": 3,
                       "right, golden": right, "right, rtl-sim": right}  # fmt: skip
    assert found["accuracy %"]["golden"] == 100 * sum(every) / 180
    assert found["accuracy %"]["rtl-sim"] == 100 * sum(few) / 9


@pytest.mark.parametrize("model", ["checkpoint", "graph", "fixed"])
def test_other_classes_are_refused(trained, capsys, tmp_path, model):
    line = refused(capsys, "golden", trained[model], "--data", "digits")
    assert "images must be 8 x 8 x 3" in line  # before the classes are looked at
    more, renamed = tmp_path / "more", tmp_path / "renamed"
    for root, names in ((more, (*CLASSES, "dog")), (renamed, ("ape", "bee", "cow"))):
        for part in SIZES:
            for name in names:
                (root / part / name).mkdir(parents=True)
                black = Image.new("RGB", (8, 8))
                black.save(root / part / name / "0.png")
    line = refused(capsys, "golden", trained[model], "--path", str(more))
    assert "data folder more: needs 3 classes, as " in line and "(got 4); name the data" in line
    line = refused(capsys, "golden", trained[model], "--path", str(renamed))
    assert ": classes must be those of " in line and "ant, bee, cow (got ('ape', 'bee'," in line


def test_says_where_the_pictures_were(trained, capsys, place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, "golden", str(place / "graph"))
    assert line == (
        "--path: binary was trained on the images in pictures, which is not here; "
        "say with --path where they are"
    )
    found = said(capsys, "golden", str(place / "graph"), "--path", str(place / "pictures"))
    assert found["images"] == 180


def test_grey_pictures(place, capsys):
    grey = BINARY.replace("[8, 8, 3]", "[8, 8, 1]").replace('"binary"', '"grey"')
    (place / "grey.toml").write_text(grey)
    assert main(["train", "grey.toml", "--epochs", "1", "--out", "grey"]) == 0
    assert said(capsys, "golden", "grey/checkpoint.safetensors")["images"] == 180
