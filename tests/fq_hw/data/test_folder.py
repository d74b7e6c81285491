"""A folder per class: which files are pictures, and of which class."""

import os

import numpy as np
import pytest
from PIL import Image

from fq_hw.data.folder import load_folder
from fq_hw.errors import ArtifactError, GraphError, ParameterError

SIZE = (6, 4, 3)


def picture(label, index, size=(6, 4)):
    """A picture of one colour that tells label and index."""
    image = np.zeros((*size, 3), np.uint8)
    image[...] = (50 * label, 10 * index, 7)
    return image


@pytest.fixture
def root(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        for label, name in enumerate(("ant", "bee")):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for index in range(count):
                Image.fromarray(picture(label, index)).save(folder / f"{index}.png")
    return tmp_path


def refusal(root, kind=ArtifactError, image=SIZE):
    with pytest.raises(kind) as caught:
        load_folder(root, image)
    message = str(caught.value)
    assert message.startswith("data ")
    assert "\n" not in message
    return message


def names(split):
    return [file.name for file in split.images.files]


def test_reads_every_picture_in_order(root):
    (root / "train" / "notes.txt").write_text("not a class")
    (root / "train" / "ant" / "notes.txt").write_text("not a picture")
    data = load_folder(root, SIZE)
    assert data.classes == ("ant", "bee")
    for split, count in ((data.train(5), 3), (data.test(), 2)):
        assert split.labels.tolist() == [0] * count + [1] * count
        expected = [picture(label, index) for label in (0, 1) for index in range(count)]
        np.testing.assert_array_equal(split.images[:], expected)


def test_pictures_in_sub_folders_are_of_the_class_above(root):
    deep = root / "test" / "ant" / "2024" / "may"
    deep.mkdir(parents=True)
    Image.fromarray(picture(0, 9)).save(deep / "x.png")
    split = load_folder(root, SIZE).test()
    assert split.labels.tolist() == [0, 0, 0, 1, 1]
    np.testing.assert_array_equal(split.images[2], picture(0, 9))


def test_passes_over_what_the_system_leaves(root):
    for name in (".DS_Store", "Thumbs.db", "._0.png", ".hidden.png"):
        (root / "test" / "ant" / name).write_bytes(b"no picture")
    for folder in (root / "test" / "ant" / ".cache", root / "train" / ".ipynb_checkpoints"):
        folder.mkdir()
        (folder / "x.png").write_bytes(b"no picture")
    data = load_folder(root, SIZE)
    assert data.classes == ("ant", "bee")
    assert names(data.test()) == ["0.png", "1.png", "0.png", "1.png"]


def test_follows_links_once(root):
    ant = root / "test" / "ant"
    os.symlink(ant, ant / "again")  # a loop
    os.symlink(root / "train" / "ant", ant / "more")
    os.symlink(root / "train" / "ant", ant / "more-again")
    assert names(load_folder(root, SIZE).test())[:-2] == [
        "0.png",
        "1.png",
        "0.png",
        "1.png",
        "2.png",
    ]


def test_the_suffix_may_have_capitals(root):
    (root / "test" / "ant" / "0.png").rename(root / "test" / "ant" / "0.PNG")
    assert len(load_folder(root, SIZE).test()) == 4


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "bmp", "webp", "ppm", "pgm"])
def test_reads_other_formats(root, suffix):
    file = root / "test" / "ant" / f"9.{suffix}"
    Image.fromarray(picture(1, 9)).convert("L").save(file)
    split = load_folder(root, SIZE).test()
    assert len(split) == 5 and split.images[:].shape == (5, 6, 4, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.TIFF", "a.heic", "a.svg"])
def test_refuses_pictures_that_it_would_pass_over(root, name):
    file = root / "train" / "bee" / name
    file.write_bytes(b"")
    assert refusal(root).startswith(f"data {file}: pictures must be .bmp, ")


def test_one_colour_is_grey(root):
    images = load_folder(root, (6, 4, 1)).test().images[:]
    assert images.shape == (4, 6, 4, 1)
    assert images[3, 0, 0, 0] == round(0.299 * 50 + 0.587 * 10 + 0.114 * 7)


@pytest.mark.parametrize("colours", [2, 4])
def test_refuses_other_numbers_of_colours(root, colours):
    message = refusal(root, ParameterError, (6, 4, colours))
    assert f"1 colour (grey) or 3 (red, green, blue) (got {colours})" in message


@pytest.mark.parametrize("part", ["train", "test"])
def test_says_what_to_do_where_a_folder_is_missing(root, part):
    (root / part).rename(root / "all")
    message = refusal(root)
    assert f"must hold the folder {part} (got [" in message and "'all'" in message
    assert message.endswith("; put the pictures into PATH/train/CLASS and, some of every class, "
                            "into PATH/test/CLASS")  # fmt: skip


def test_refuses_a_path_that_is_no_folder(root, tmp_path):
    assert refusal(tmp_path / "none").endswith("/none: must be a folder")


def test_refuses_a_class_without_pictures(root):
    for file in (root / "test" / "bee").iterdir():
        file.unlink()
    assert f"{root}/test/bee: must hold pictures (.bmp, " in refusal(root)


def test_refuses_a_picture_without_a_class(root):
    Image.fromarray(picture(0, 0)).save(root / "train" / "x.png")
    assert "every picture must be in the folder of its class (got ['x.png'])" in refusal(root)


@pytest.mark.parametrize("part", ["train", "test"])
def test_refuses_classes_that_differ(root, part):
    (root / part / "cow").mkdir()
    Image.fromarray(picture(2, 0)).save(root / part / "cow" / "0.png")
    message = refusal(root)
    assert "train and test must have folders of the same classes (got " in message
    assert f"{{'only in {part}': ['cow']}}" in message


def test_refuses_a_single_class(root):
    for part in ("train", "test"):
        (root / part / "bee").rename(root / f"{part}-bee")
    assert "a folder for each of two or more classes (got ('ant',)); put " in refusal(root)


@pytest.mark.parametrize("name", ["cow\nfq-hw: error: no", "\x1b[31mcow", "c" * 201])
def test_refuses_class_names_that_are_no_line(root, name):
    for part in ("train", "test"):
        (root / part / "bee").rename(root / part / name)
    message = refusal(root, GraphError)
    assert "train: a class: the name must be one line of 1 to 200 printable" in message


def test_a_pipe_among_the_pictures(root):
    os.mkfifo(root / "test" / "ant" / "x.png")
    split = load_folder(root, SIZE).test()
    with pytest.raises(ArtifactError, match=r"ant/x.png: is a pipe, not a file$"):
        split.images[:]


def test_refuses_links_that_lead_to_everything(root, monkeypatch):
    monkeypatch.setattr("fq_hw.data.folder.MOST_FILES", 4)
    ant = root / "test" / "ant"
    os.symlink(root, ant / "again")
    assert refusal(root).startswith(f"data {ant}: must have at most 4 files: where does a link in")


def test_refuses_a_million_classes(root, monkeypatch):
    monkeypatch.setattr("fq_hw.data.folder.MOST_CLASSES", 1)
    assert "train: must hold at most 1 classes (got 2)" in refusal(root)
