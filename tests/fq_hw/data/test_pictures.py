"""Pictures on disk: indexed like an array, decoded only where asked for, never all at once."""

import tracemalloc
import weakref

import numpy as np
import pytest
from PIL import Image

from fq_hw.data import DataKind, dataset, pictures
from fq_hw.data.pictures import Pictures
from fq_hw.data.split import Split, arranged

IMAGE = (6, 4, 3)
WHOLE = np.random.default_rng(0).integers(0, 256, (20, *IMAGE), np.uint8)


@pytest.fixture
def files(tmp_path):
    paths = []
    for number, image in enumerate(WHOLE):
        paths.append(tmp_path / f"{number:02}.png")
        Image.fromarray(image).save(paths[-1])
    return Pictures(files=tuple(paths), image=IMAGE)


@pytest.fixture
def decoded(monkeypatch):
    """The names of the pictures that are decoded, in order; .most: how many lived at a time."""

    class Log(list):
        alive, most = 0, 0

    log, real = Log(), pictures.read_picture

    def gone(log):
        log.alive -= 1

    def read(path, image):
        found = np.array(real(path, image))
        log.append(path.stem)
        log.alive += 1
        log.most = max(log.most, log.alive)
        weakref.finalize(found, gone, log)
        return found

    monkeypatch.setattr(pictures, "read_picture", read)
    return log


@pytest.mark.parametrize(
    "which",
    [slice(None), slice(3, 9), slice(18, 99), slice(None, None, -7), np.array([4, 0, 4]), [5],
     np.arange(20) % 3 == 0, np.zeros(0, np.int64)],
    ids=str,
)  # fmt: skip
def test_indexes_as_an_array_does(files, which):
    np.testing.assert_array_equal(files[which], WHOLE[which])
    np.testing.assert_array_equal(files.take(which)[:], WHOLE[which])
    assert files[which].dtype == np.uint8


def test_one_picture_shape_and_iteration(files):
    np.testing.assert_array_equal(files[3], WHOLE[3])
    np.testing.assert_array_equal(files[-1], WHOLE[-1])
    assert files.shape == WHOLE.shape and files.dtype == WHOLE.dtype and files.ndim == 4
    assert len(files) == 20
    np.testing.assert_array_equal(list(files), WHOLE)
    with pytest.raises(IndexError):
        files[20]


def test_decodes_only_what_is_asked_for(files, decoded):
    part = Split(images=files, labels=np.zeros(20, np.int64)).take(slice(5, 15)).first(3)
    assert len(part) == 3 and part.streamed and not decoded
    assert part.images[1:].shape == (2, *IMAGE)
    assert decoded == ["06", "07"]


def test_a_pass_holds_one_picture_at_a_time(files, decoded):
    for image in files:
        del image
    assert len(decoded) == 20 and decoded.most <= 2


def test_small_splits_are_read_into_memory_and_large_ones_are_not(files):
    whole = Split(images=files, labels=np.zeros(20, np.int64))
    small = whole.read(most=WHOLE.nbytes)
    assert not small.streamed and whole.read(most=WHOLE.nbytes - 1) is whole
    np.testing.assert_array_equal(small.images, WHOLE)


def write_set(root, count):
    rng = np.random.default_rng(1)
    for part, of_each in (("train", count), ("test", 2)):
        for label in range(3):
            folder = root / part / f"class{label}"
            folder.mkdir(parents=True)
            for number in range(of_each):
                image = rng.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(image).save(folder / f"{number}.bmp")


def test_a_large_set_is_the_same_set(tmp_path):
    write_set(tmp_path, 5)
    raw = dataset.LOADERS[DataKind.FOLDER](tmp_path, (32, 32, 3))
    small, large = arranged(raw), arranged(raw, most=0)
    for one, two in ((small.train(0), large.train(3)), (small.test(), large.test())):
        assert not one.streamed and two.streamed
        np.testing.assert_array_equal(one.images, two.images[:])
        np.testing.assert_array_equal(one.labels, two.labels)


def test_memory_is_that_of_a_batch(tmp_path):
    """300 pictures of 12 kB (224 x 224 is 50 times that) in batches of 10."""
    write_set(tmp_path, 100)
    loaded = arranged(dataset.LOADERS[DataKind.FOLDER](tmp_path, (64, 64, 3)), most=0).train(0)
    loaded.images[:1]  # imports Pillow
    tracemalloc.start()
    for start in range(0, 300, 10):
        assert loaded.images[start : start + 10].shape == (10, 64, 64, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * 64 * 64 * 3 < 300 * 64 * 64 * 3
