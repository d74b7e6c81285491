"""The choice of a loader, and what holds for all of them: shuffled, the classes in turn."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from idx_files import write_idx
from PIL import Image

from fq_hw.data import Data, DataKind, dataset, load
from fq_hw.data.order import SEED, in_turn
from fq_hw.data.split import hold_out
from fq_hw.errors import ArtifactError, ParameterError

SIZES = {"train": (9, 4, 7), "test": (5, 3, 2)}  # images of each class, which lie class by class


def sorted_set(part):
    """Images that are all different, and labels that ascend."""
    labels = np.repeat(np.arange(3), SIZES[part])
    rng = np.random.default_rng(len(part))
    return rng.integers(0, 256, (len(labels), 32, 32, 3), np.uint8), labels


def write_cifar(root, files, label, names):
    for name, part in files.items():
        images, labels = sorted_set(part)
        rows = images.transpose(0, 3, 1, 2).reshape(-1, 3072)
        (root / name).write_bytes(pickle.dumps({"data": rows, label: labels.tolist()}))
    (root / names[0]).write_bytes(pickle.dumps({names[1]: ["ant", "bee", "cow"]}))


def write_cifar10(root):
    files = {f"data_batch_{n}": "train" for n in range(1, 6)} | {"test_batch": "test"}
    write_cifar(root, files, "labels", ("batches.meta", "label_names"))


def write_cifar100(root):
    files = {"train": "train", "test": "test"}
    write_cifar(root, files, "fine_labels", ("meta", "fine_label_names"))


def write_grey(root):
    for stem, part in (("train", "train"), ("t10k", "test")):
        images, labels = sorted_set(part)
        write_idx(root / f"{stem}-images-idx3-ubyte", images[..., 0])
        write_idx(root / f"{stem}-labels-idx1-ubyte", labels.astype(np.uint8))


def write_folders(root):
    for part in SIZES:
        for number, (image, label) in enumerate(zip(*sorted_set(part), strict=True)):
            folder = root / part / ("ant", "bee", "cow")[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number:02}.png")


def write_arrays(root):
    dice = np.random.default_rng(5)
    for prefix, count in (("train-", 40), ("", 13)):
        np.save(root / f"{prefix}images.npy", dice.integers(0, 256, (count, 32, 32, 3), np.uint8))
        np.save(root / f"{prefix}labels.npy", np.sort(np.arange(count) % 3))


SETS = {  # a writer of three classes, and the image to ask for
    DataKind.CIFAR10: (write_cifar10, (32, 32, 3)),
    DataKind.CIFAR100: (write_cifar100, (32, 32, 3)),
    DataKind.IDX: (write_grey, (32, 32, 1)),
    DataKind.FOLDER: (write_folders, (32, 32, 3)),
    DataKind.NPY: (write_arrays, (32, 32, 3)),
    DataKind.DIGITS: (None, (32, 32, 3)),
}


@pytest.fixture
def loaded(request, tmp_path):
    """The data of a kind, and the same as its loader gives it."""
    kind = request.param
    write, image = SETS[kind]
    if write is None:
        raw = dataset.digits.load_digits_over_photos(image)
        return load(kind, None, image), raw
    write(tmp_path)
    return load(kind, tmp_path, image), dataset.LOADERS[kind](tmp_path, image)


every_kind = pytest.mark.parametrize("loaded", DataKind, ids=lambda kind: kind.value, indirect=True)


def contents(split):
    """Every image with its label, in an order of their own."""
    pairs = zip(split.images, split.labels, strict=True)
    return sorted((image.tobytes(), int(label)) for image, label in pairs)


@every_kind
def test_the_first_images_are_of_all_classes_as_evenly_as_the_set_allows(loaded):
    data, _ = loaded
    for split in (data.train(0), data.test()):
        sizes = np.bincount(split.labels)
        for count in range(1, min(len(split), 400) + 1):
            seen = np.bincount(split.first(count).labels, minlength=len(sizes))
            short = seen < sizes  # classes that have images left
            assert seen.max() - seen[short].min(initial=seen.max()) <= 1


@every_kind
def test_the_images_are_those_of_the_loader_with_their_labels(loaded):
    data, raw = loaded
    for got, want in ((data.train(0), raw.train(0)), (data.test(), raw.test())):
        assert contents(got) == contents(want)


@every_kind
def test_classes_are_shuffled_and_always_alike(loaded):
    data, raw = loaded
    want, got = raw.train(0), data.train(0)
    if data.anew:  # made in an order of its own, every time
        assert (got.images == data.train(0).images).all()
        return
    mixed = np.random.default_rng(SEED).permutation(len(want))
    order = mixed[in_turn(want.labels[mixed])]
    assert got.labels.tolist() == want.labels[order].tolist()
    assert (np.asarray(got.images[:]) == want.images[:][order]).all()
    assert data.train(0) is data.train(5)


@every_kind
def test_holds_out_the_same_share_of_every_class(loaded):
    data, _ = loaded
    if data.anew:
        with pytest.raises(ArtifactError, match="draws its training images anew"):
            hold_out(data, 5)
        return
    whole = data.train(0)
    sizes = np.bincount(whole.labels)
    for count in range(1, len(whole) - 2):
        left, held = hold_out(data, count)
        assert len(held) == count and len(left) == len(whole) - count
        taken = np.bincount(held.labels, minlength=3)
        want = np.minimum(count * sizes / len(whole), sizes - 1)
        assert (np.abs(taken - want) <= 2).all() and (taken < sizes).all()
        assert sorted(contents(left) + contents(held)) == contents(whole)
        assert (in_turn(held.labels) == np.arange(count)).all()
    with pytest.raises(ArtifactError, match="can be held out: each class keeps one"):
        hold_out(data, len(whole) - 2)


def test_the_digits_test_images_keep_their_order():
    raw = dataset.digits.test_split()
    assert (load(DataKind.DIGITS, None, (32, 32, 3)).test().images == raw.images).all()


def test_every_kind_has_a_loader():
    assert set(dataset.LOADERS) | {DataKind.DIGITS} == set(DataKind) == set(SETS)


@pytest.mark.parametrize("kind", sorted(dataset.LOADERS, key=lambda kind: kind.value))
def test_calls_the_loader_of_the_kind(monkeypatch, tmp_path, kind):
    split = dataset.digits.test_split()

    def loader(path, image):
        return Data(name=f"{path} {image}", classes=(), train=lambda n: split, test=lambda: split)

    monkeypatch.setitem(dataset.LOADERS, kind, loader)
    assert load(kind, tmp_path, (28, 28, 3)).name == f"{tmp_path} (28, 28, 3)"


@pytest.mark.parametrize("kind", sorted(dataset.LOADERS, key=lambda kind: kind.value))
def test_needs_a_path_that_exists(tmp_path, kind):
    with pytest.raises(ParameterError, match=f"^data {kind.value}: needs the path of its folder; "):
        load(kind, None, (32, 32, 3))
    with pytest.raises(ArtifactError, match=r"^data .*none"):
        load(kind, tmp_path / "none", (32, 32, 3))


@pytest.mark.parametrize("loaded", DataKind, ids=lambda kind: kind.value, indirect=True)
def test_has_the_name_of_the_loader(loaded):
    assert loaded[0].name == loaded[1].name and loaded[0].classes == loaded[1].classes


@pytest.mark.parametrize("kind", [k for k in SETS if k is not DataKind.FOLDER], ids=str)
@pytest.mark.parametrize("image", [(32, 32, 4), (28, 28, 3)], ids=str)
def test_refuses_another_size_or_other_colours(tmp_path, kind, image):
    write, right = SETS[kind]
    if write:
        write(tmp_path)
    contract = rf"images must (be|fit) {image[0]} x {image[1]}"
    with pytest.raises(ArtifactError, match=contract):
        load(kind, tmp_path if write else None, image)


def test_the_built_in_set_has_no_folder(tmp_path):
    contract = "^data digits: is built in and has no folder "
    with pytest.raises(ParameterError, match=contract):
        load(DataKind.DIGITS, tmp_path, (32, 32, 3))
