"""Which images a command takes: its options', the model's own, or none that do not fit."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fq_hw.checkpoint import Accuracy
from fq_hw.cli import main
from fq_hw.cli.images import kind_of, load_data, load_images
from fq_hw.data import DataKind
from fq_hw.data.digits import load_digits_over_photos
from fq_hw.data.source import Source, check_classes
from fq_hw.errors import ArtifactError
from fq_hw.flow import images
from fq_hw.flow.model import SHIPPED, Model, load_model
from fq_hw.ir import Input


def options(**given):
    return argparse.Namespace(**({"data": None, "path": None, "images": 10} | given))


def choose(given, name, source):
    return images.choose(kind_of(given), given.path, name, source)


@pytest.fixture
def source(tmp_path):
    return Source(kind=DataKind.IDX, path=str(tmp_path), image=(8, 8, 1), classes=("a", "b"))


def test_takes_what_the_model_was_trained_on(source, tmp_path):
    assert choose(options(), "net", source) == (DataKind.IDX, tmp_path)
    assert choose(options(data="idx"), "net", source) == (DataKind.IDX, tmp_path)


def test_options_come_first(source):
    there = Path("other")
    assert choose(options(path=there), "net", source) == (DataKind.IDX, there)
    assert choose(options(data="folder", path=there), "net", source) == (DataKind.FOLDER, there)
    assert choose(options(data="folder"), "net", source) == (DataKind.FOLDER, None)
    assert choose(options(data="cifar10", path=there), "net", None) == (DataKind.CIFAR10, there)


def test_a_folder_that_is_gone(source):
    gone = replace(source, path="no/such/folder")
    contract = "^--path: net was trained on the images in no/such/folder, which is not here; say "
    with pytest.raises(ArtifactError, match=contract):
        choose(options(), "net", gone)


@pytest.mark.parametrize("given", [{}, {"path": Path("x")}], ids=str)
def test_a_model_that_does_not_say_needs_options(given):
    contract = "^--data: net does not say what it was trained on; name its images with --data and"
    with pytest.raises(ArtifactError, match=contract):
        choose(options(**given), "net", None)


def test_the_shipped_network_says_digits(tmp_path):
    model = load_model(SHIPPED)
    assert model.source == Source(
        kind=DataKind.DIGITS, image=(32, 32, 3), classes=tuple("0123456789")
    )
    assert load_data(options(), model).labels.tolist() == list(range(10))
    assert main(["export", "--out", str(tmp_path / "graph")]) == 0
    assert load_model(tmp_path / "graph").source == model.source


@dataclass(frozen=True)
class Shape:
    """What is asked of a graph: its image and its scores."""

    shape: tuple[int, int, int]
    classes: int
    name: str = "net"

    @property
    def input(self):
        return Input(name="pixels", shape=self.shape)


def nameless(classes, shape=(32, 32, 3)):
    """A model without a record, as import gives them."""
    return Model(graph=Shape(shape, classes), accuracy=None, exported=None)


def test_digits_are_taken_only_where_they_fit_and_with_a_note(capsys):
    assert load_images(options(), nameless(10)).name == "digits over photographs"
    note = capsys.readouterr().err
    assert "does not say what it was trained on; taking the built-in digits" in note
    measured = replace(nameless(10), accuracy=Accuracy(data="cifar10", images=5, right=4))
    for model in (nameless(3), nameless(10, (28, 28, 1)), measured):
        with pytest.raises(ArtifactError, match="does not say what it was trained on"):
            load_images(options(), model)


def test_three_scores_are_not_measured_on_ten_digits():
    contract = (
        "^data digits over photographs: needs 3 classes, as net has 3 scores "
        r"\(got 10\); name the data it was trained on with --data and --path$"
    )
    with pytest.raises(ArtifactError, match=contract):
        load_images(options(data="digits"), nameless(3))


@pytest.mark.parametrize("known", [("1", "0", *"23456789"), tuple("abcdefghij")], ids=str)
def test_names_must_be_the_same_in_the_same_order(known):
    digits = load_digits_over_photos()
    check_classes(digits, "net", 10, tuple("0123456789"))
    check_classes(digits, "net", 10, None)
    with pytest.raises(ArtifactError, match="classes must be those of net, in their order: "):
        check_classes(digits, "net", 10, known)


def test_a_thousand_names_make_no_long_line():
    digits = load_digits_over_photos()
    known = tuple(f"a long name {n}" for n in range(10)) + ("x" * 999,)
    with pytest.raises(ArtifactError) as caught:
        check_classes(digits, "net", 10, known)
    assert len(str(caught.value)) < 600
