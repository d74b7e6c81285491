"""Arrays of NumPy as a set."""

import numpy as np
import pytest

from fq_hw import data
from fq_hw.data import DataKind
from fq_hw.data.meaning import Meaning
from fq_hw.data.npy import load_npy
from fq_hw.errors import FqHwError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(-128, 128, (6, 5, 4, 1)).astype(np.int8)
LABELS = np.array([0, 1, 2, 2, 1, 0])


@pytest.fixture
def root(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def test_signed_numbers_are_the_bytes_128_above(root):
    found = load_npy(root, (5, 4, 1))
    assert found.classes == ("0", "1", "2")
    test = found.test()
    np.testing.assert_array_equal(test.images, (IMAGES.astype(int) + 128).astype(np.uint8))
    np.testing.assert_array_equal(test.labels, LABELS)
    assert len(data.load(DataKind.NPY, root, (5, 4, 1)).test()) == 6


@pytest.mark.parametrize("shape", [(6, 20), (6, 5, 4), (6, 5, 4, 1)])
def test_shapes_of_one_input(root, shape):
    np.save(root / "images.npy", IMAGES.view(np.uint8).reshape(shape))
    test = load_npy(root, (5, 4, 1)).test()
    np.testing.assert_array_equal(test.images, IMAGES.view(np.uint8))


def test_real_numbers_are_the_nearest_bytes_where_these_mean_something(root):
    real = np.array([-9.0, -0.75, -0.25, 0.0, 0.25, 0.74, 99.0], np.float32)
    images = np.resize(real, (6, 20))
    np.save(root / "images.npy", images)
    test = load_npy(root, (5, 4, 1), Meaning(0.5, 3)).test()
    want = np.array([0, 1, 2, 3, 4, 4, 201])
    np.testing.assert_array_equal(test.images.reshape(6, 20), np.resize(want, (6, 20)))
    images[0, 0] = np.nan
    np.save(root / "images.npy", images)
    with pytest.raises(FqHwError, match=r"images.npy: must hold numbers, not infinities or NaN"):
        load_npy(root, (5, 4, 1), Meaning(0.5, 3))


def test_names_and_a_set_to_train_on(root):
    (root / "classes.txt").write_text("left\nright\nnone\nyes\n")
    np.save(root / "train-images.npy", IMAGES[:2])
    np.save(root / "train-labels.npy", np.array([3, 1]))
    found = load_npy(root, (5, 4, 1))
    assert found.classes == ("left", "right", "none", "yes")
    assert (len(found.train(0)), len(found.test())) == (2, 6)
    (root / "classes.txt").write_text("left\n")
    with pytest.raises(FqHwError, match=r"classes.txt: must name 4 classes or more, one a line"):
        load_npy(root, (5, 4, 1))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("images.npy", b"", "images.npy: is no whole NumPy array"),
        ("images.npy", b"\x93NUMPY\x01\x00\xff\xff{'x'", "images.npy: is no whole NumPy array"),
        (
            "images.npy",
            IMAGES.astype(np.float32),
            r"must hold uint8 or int8 \(got 'float32'\)",
        ),
        ("images.npy", np.array([{}] * 6, object), "is no whole NumPy array"),
        ("images.npy", IMAGES.reshape(6, 4, 5, 1), r"images must be 5 x 4 x 1, or so many numbers"),
        (
            "images.npy",
            IMAGES[:, :3],
            r"images must be 5 x 4 x 1, or so many numbers in a row \(got",
        ),
        ("labels.npy", LABELS[:4], r"labels.npy: must be 6 integers \(got \('int64', \(4,\)\)\)"),
        ("labels.npy", LABELS / 2, r"labels.npy: must be 6 integers \(got \('float64', \(6,\)\)\)"),
        ("labels.npy", LABELS - 1, r"labels must be in 0..2\*\*31"),
    ],
)
def test_refuses(root, name, content, said):
    if isinstance(content, bytes):
        (root / name).write_bytes(content)
    else:
        np.save(root / name, content, allow_pickle=True)
    with pytest.raises(FqHwError, match=said) as caught:
        load_npy(root, (5, 4, 1))
    assert "\n" not in str(caught.value)
