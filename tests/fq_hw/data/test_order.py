"""The order of all loaders, and shares of classes, on small cases by hand."""

import numpy as np
import pytest

from fq_hw.data.order import in_turn, share_of_each, shuffled
from fq_hw.errors import ArtifactError


def test_classes_take_turns_and_keep_their_order():
    labels = np.array([0, 0, 0, 0, 2, 2, 1])
    assert in_turn(labels).tolist() == [0, 6, 4, 1, 5, 2, 3]


def test_classes_that_take_turns_already_stay():
    labels = np.array([0, 1, 2, 0, 1, 2, 2, 2])
    assert shuffled(labels).tolist() == list(range(8))


def test_a_class_is_shuffled():
    order = shuffled(np.repeat([0, 1], 50))
    assert sorted(order) == list(range(100))
    first = order[::2]  # of class 0
    assert (first < 50).all() and first.tolist() != sorted(first)


def test_no_labels():
    assert len(shuffled(np.zeros(0, np.int64))) == 0


@pytest.mark.parametrize(
    ("sizes", "count", "taken"),
    [
        ((10, 10, 10), 6, (2, 2, 2)),
        ((10, 10, 10), 7, (3, 2, 2)),
        ((80, 15, 5), 20, (16, 3, 1)),
        ((98, 1, 1), 50, (50, 0, 0)),  # a class keeps its only image
        ((0, 5, 5), 4, (0, 2, 2)),
        ((3, 3), 4, (2, 2)),
        ((1000, 2), 1000, (999, 1)),
    ],
)
def test_a_share_of_each(sizes, count, taken):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    held = share_of_each(labels, count, "data x")
    assert np.bincount(labels[held], minlength=len(sizes)).tolist() == list(taken)
    for label in set(labels.tolist()):  # the last ones of each
        of_class = held[labels == label]
        assert (np.diff(of_class.astype(int)) >= 0).all()


@pytest.mark.parametrize("count", [0, -1, 5, 9])
def test_refuses_a_share(count):
    contract = f"^data x: at most 4 of the 6 images .*keeps one \\(got {count}\\)$"
    with pytest.raises(ArtifactError, match=contract):
        share_of_each(np.array([0, 0, 0, 1, 1, 1]), count, "data x")
