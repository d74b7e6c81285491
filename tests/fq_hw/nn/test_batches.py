"""Batches from disk are those from memory, bit by bit, with and without worker processes."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from tiles import CONFIG, NETWORK, assert_same, tiles, weights

from fq_hw.data import Data, Split
from fq_hw.data.pictures import Pictures
from fq_hw.errors import ArtifactError
from fq_hw.nn import batches
from fq_hw.nn.training import accuracy, train

torch = pytest.importorskip("torch", reason="training needs torch")
TRAIN, TEST = tiles(85, 1), tiles(30, 2)


def on_disk(split, folder):
    """The same split as files."""
    folder.mkdir()
    files = tuple(folder / f"{number}.png" for number in range(len(split)))
    for file, image in zip(files, split.images, strict=True):
        Image.fromarray(image).save(file)
    return Split(images=Pictures(files=files, image=split.images.shape[1:]), labels=split.labels)


@pytest.fixture
def streamed(tmp_path):
    return on_disk(TRAIN, tmp_path / "train")


@pytest.mark.parametrize("workers", [0, 2])
def test_the_same_batches_in_the_same_order(streamed, workers):
    order = np.random.default_rng(0).permutation(85)
    wanted = [order[start : start + 16] for start in range(0, 85, 16)]
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    found = list(batches.read_batches(streamed, wanted, workers))
    assert torch.random.get_rng_state().equal(before)
    assert [len(batch) for batch in found] == [16, 16, 16, 16, 16, 5]
    for batch, numbers in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(batch.numpy(), TRAIN.images[numbers])
    (one,) = batches.read_batches(TRAIN, wanted[:1], workers)
    assert one.equal(found[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_picture_is_named_in_one_line(streamed, workers):
    file = streamed.images.files[40]
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(ArtifactError) as caught:
        list(batches.read_batches(streamed, np.arange(80).reshape(8, 10), workers))
    message = str(caught.value)
    assert message.startswith(f"data {file}: not a readable picture (") and "\n" not in message


def test_accuracy_is_the_same_from_disk(tmp_path):
    (epoch,) = train(NETWORK, data(TRAIN, TEST), dataclasses.replace(CONFIG, epochs=1))
    assert accuracy(epoch.model, on_disk(TEST, tmp_path / "test"), batch=7, workers=2) == (
        epoch.test_accuracy
    )


def data(train_split, test_split):
    return Data(name="tiles", classes=("r", "g", "b"), train=lambda n: train_split,
                test=lambda: test_split)  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2])
def test_training_from_disk_gives_the_same_bits(tmp_path, streamed, workers):
    config = dataclasses.replace(CONFIG, epochs=2, hold_out=10, validation=0.2)
    memory = list(train(NETWORK, data(TRAIN, TEST), config))[-1]
    disk = data(streamed, on_disk(TEST, tmp_path / "test"))
    other = list(train(NETWORK, disk, dataclasses.replace(config, workers=workers)))[-1]
    assert_same(weights(memory.model), weights(other.model))
    figures = ("loss", "train_accuracy", "validation_accuracy", "test_accuracy")
    assert [getattr(memory, f) for f in figures] == [getattr(other, f) for f in figures]
