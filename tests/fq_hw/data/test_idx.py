"""IDX files, made here and the published MNIST."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from idx_files import idx

from fq_hw.data.idx import load_idx, read_idx
from fq_hw.errors import ArtifactError

MNIST = Path(__file__).parents[4] / "shared/data/mnist"
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 5, 4), np.uint8)
LABELS = np.array([0, 1, 2, 2, 1, 0], np.uint8)
ZIPPED = gzip.compress(idx(IMAGES), mtime=0)


@pytest.fixture(params=["", ".gz"], ids=["plain", "gzip"])
def root(request, tmp_path):
    pack = gzip.compress if request.param else bytes
    for stem, count in (("train", 6), ("t10k", 3)):
        for kind, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
            file = tmp_path / f"{stem}-{kind}-ubyte{request.param}"
            file.write_bytes(pack(idx(array[:count])))
    return tmp_path


def refusal(read, *arguments):
    with pytest.raises(ArtifactError) as caught:
        read(*arguments)
    message = str(caught.value)
    assert message.startswith("data ")
    assert "\n" not in message
    return message


def test_reads_both_splits(root):
    data = load_idx(root, (5, 4, 1))
    assert data.classes == ("0", "1", "2")
    np.testing.assert_array_equal(data.train(3).images, IMAGES[..., None])
    np.testing.assert_array_equal(data.train(3).labels, LABELS)
    np.testing.assert_array_equal(data.test().images, IMAGES[:3, ..., None])
    assert data.test().labels.dtype == np.int64


def test_centres_smaller_images_on_black(root):
    images = load_idx(root, (8, 8, 1)).test().images
    assert images.shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(images[:, 1:6, 2:6, 0], IMAGES[:3])
    assert images.sum(dtype=int) == IMAGES[:3].sum(dtype=int)


def test_refuses_images_that_are_too_large(root):
    assert refusal(load_idx, root, (5, 3, 1)).endswith("images must fit 5 x 3 (got (5, 4))")


@pytest.mark.parametrize("missing", ["train-images-idx3", "t10k-labels-idx1"])
def test_refuses_a_missing_file(root, missing):
    next(root.glob(f"{missing}*")).unlink()
    message = refusal(load_idx, root, (5, 4, 1))
    assert f"must hold {missing}-ubyte or {missing}-ubyte.gz" in message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "must be an IDX file of unsigned bytes (got b'')"),
        (b"\0\0\x08", "must be an IDX file of unsigned bytes"),
        (b"\0\0\x0d\x01" + bytes(8), "must be an IDX file of unsigned bytes"),  # floats
        (b"\0\0\x08\0" + bytes(8), "must be an IDX file of unsigned bytes"),  # no axes
        (b"\x89PNG" + bytes(80), "must be an IDX file of unsigned bytes"),
        (idx(IMAGES)[:14], "needs a whole header (got 14)"),
        (idx(IMAGES)[:-1], "needs 136 bytes (got 135)"),
        (idx(IMAGES) + b"\0", "needs 136 bytes (got 137)"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "needs 79228162458924105385300197391 bytes (got 16)"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"], ids=["plain", "gzip"])
def test_refuses_other_content(tmp_path, raw, message, suffix):
    file = tmp_path / f"x{suffix}"
    file.write_bytes(gzip.compress(raw) if suffix else raw)
    assert refusal(read_idx, file).startswith(f"data {file}: {message}")


def flip(raw, place):
    return raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not gzip",
        ZIPPED[:-20],
        ZIPPED[:12],
        flip(ZIPPED, 10),  # the deflate stream
        flip(ZIPPED, -8),  # the check sum
    ],
)
def test_refuses_a_damaged_gzip_file(tmp_path, damaged):
    file = tmp_path / "x.gz"
    file.write_bytes(damaged)
    message = refusal(read_idx, file)
    assert message.startswith(f"data {file}: ")
    assert "not a readable file (" in message or "must be an IDX file" in message


def test_refuses_an_absent_file(tmp_path):
    assert "there is no such file" in refusal(read_idx, tmp_path / "none")


def replace_file(root, name, array):
    next(root.glob(f"{name}*")).unlink()
    (root / f"{name}-ubyte").write_bytes(idx(array))


def test_refuses_labels_that_do_not_pair(root):
    replace_file(root, "train-labels-idx1", LABELS[:5])
    message = refusal(load_idx, root, (5, 4, 1))
    assert message.endswith(
        "(train): needs 3-D images and a label for each (got [(6, 5, 4), (5,)])"
    )


def test_refuses_images_without_rows(root):
    replace_file(root, "train-images-idx3", IMAGES.reshape(6, 20))
    assert "needs 3-D images and a label for each" in refusal(load_idx, root, (5, 4, 1))


def test_refuses_an_empty_split(root):
    replace_file(root, "train-images-idx3", IMAGES[:0])
    replace_file(root, "train-labels-idx1", LABELS[:0])
    assert "(train): needs at least one image" in refusal(load_idx, root, (5, 4, 1))


def test_refuses_test_labels_that_training_lacks(root):
    replace_file(root, "t10k-labels-idx1", LABELS[:3] + np.uint8(5))
    assert refusal(load_idx, root, (5, 4, 1)).endswith("(test): labels must be in 0..2 (got 7)")


@pytest.mark.skipif(not MNIST.is_dir(), reason="needs ../shared/data/mnist")
def test_reads_the_published_mnist():
    data = load_idx(MNIST, (32, 32, 1))
    train, test = data.train(0), data.test()
    assert data.classes == tuple("0123456789")
    assert train.images.shape == (60_000, 32, 32, 1)
    assert test.images.shape == (10_000, 32, 32, 1)
    assert train.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert test.labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert np.bincount(test.labels).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    assert round(train.images[:, 2:-2, 2:-2].mean() / 255, 4) == 0.1307
    assert not train.images[:, :2].any()


def test_reads_no_more_of_a_packed_file_than_its_header_tells(tmp_path):
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(idx(IMAGES) + bytes(2**24)))
    assert refusal(read_idx, file).endswith("needs 136 bytes (got 137)")


def test_refuses_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refusal(read_idx, tmp_path / "pipe").endswith("is a pipe, not a file")


def test_refuses_axes_that_numpy_cannot_multiply(tmp_path):
    (tmp_path / "x").write_bytes(idx(np.zeros((0, 0, 0), np.uint8))[:8] + b"\xff" * 8)
    assert "sizes of its axes" in refusal(read_idx, tmp_path / "x")


def test_refuses_small_images_on_a_large_canvas(root):
    message = refusal(load_idx, root, (20_000, 20_000, 1))
    assert "images, of 209,715,200 pixels together (got (6, 20000, 20000))" in message


def test_a_pipe_in_the_folder_is_named(root):
    (file,) = root.glob("t10k-labels*")
    file.unlink()
    os.mkfifo(file)
    assert refusal(load_idx, root, (5, 4, 1)) == f"data {file}: is a pipe, not a file"
