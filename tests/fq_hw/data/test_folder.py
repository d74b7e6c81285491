"""A folder per class."""

import io

import numpy as np
import pytest
from PIL import Image

from fq_hw.data.folder import load_folder
from fq_hw.errors import ArtifactError


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


def refusal(root, size=(6, 4)):
    with pytest.raises(ArtifactError) as caught:
        load_folder(root, size)
    message = str(caught.value)
    assert message.startswith("data ")
    assert "\n" not in message
    return message


def test_reads_every_picture_in_order(root):
    (root / "train" / "notes.txt").write_text("not a class")
    (root / "train" / "ant" / "notes.txt").write_text("not a picture")
    data = load_folder(root, (6, 4))
    assert data.classes == ("ant", "bee")
    for split, count in ((data.train(5), 3), (data.test(), 2)):
        assert split.labels.tolist() == [0] * count + [1] * count
        expected = [picture(label, index) for label in (0, 1) for index in range(count)]
        np.testing.assert_array_equal(split.images, expected)


def test_resizes_and_turns_every_mode_into_rgb(root):
    grey = Image.fromarray(np.full((12, 8), 200, np.uint8))
    grey.save(root / "test" / "ant" / "0.png")
    grey.convert("P").save(root / "test" / "ant" / "1.png")
    grey.convert("RGBA").save(root / "test" / "ant" / "2.PNG")
    images = load_folder(root, (6, 4)).test().images
    assert images.shape == (5, 6, 4, 3)
    assert (images[:3] == 200).all()


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "bmp", "webp", "ppm"])
def test_reads_other_formats(root, suffix):
    file = root / "test" / "ant" / f"9.{suffix}"
    Image.fromarray(picture(1, 9)).save(file)
    assert len(load_folder(root, (6, 4)).test()) == 5


def test_refuses_a_folder_that_is_missing(root, tmp_path):
    assert refusal(tmp_path / "none").endswith("must hold the folder train (got 'there')")


def test_refuses_a_class_without_pictures(root):
    for file in (root / "test" / "bee").iterdir():
        file.unlink()
    assert f"{root}/test/bee: must hold pictures" in refusal(root)


@pytest.mark.parametrize("part", ["train", "test"])
def test_refuses_classes_that_differ(root, part):
    (root / part / "cow").mkdir()
    Image.fromarray(picture(2, 0)).save(root / part / "cow" / "0.png")
    assert "/test: must hold the folders ('ant', 'bee'" in refusal(root)


def test_refuses_a_single_class(root):
    for part in ("train", "test"):
        (root / part / "bee").rename(root / f"{part}-bee")
    assert refusal(root).endswith("needs a folder per class (got ('ant',))")


def png():
    file = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"hello",
        png()[:40],
        png()[:-200],
        png()[:12] + b"IHDX" + png()[16:],
        b"BM" + png(),
        b"P6 1?6 16 255 " + bytes(999),
        b"P6 99999 99999 255 " + bytes(999),
    ],
)
def test_refuses_a_damaged_picture(root, damaged):
    file = root / "train" / "bee" / "1.png"
    file.write_bytes(damaged)
    assert refusal(root).startswith(f"data {file}: not a readable picture (")
