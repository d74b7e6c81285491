"""Running a graph: every tensor by name, images checked, batches that change nothing."""

import numpy as np
import pytest
from networks import NETWORKS, random_graph, random_images

from fq_hw import golden, ir
from fq_hw.errors import GraphError
from fq_hw.golden.run import BATCH
from fq_hw.passes import lower_graph


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_and_labels(name):
    graph = lower_graph(random_graph(name))
    images = random_images(graph.input.shape, BATCH + 3)
    found = golden.run(graph, images)
    assert list(found) == [op.name for op in graph.ops]
    labels = golden.labels(graph, images)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, found["tail.label"].reshape(-1))


def test_an_image_alone_gives_what_it_gives_among_others():
    graph = random_graph("awkward")
    images = random_images(graph.input.shape, 4)
    together = golden.run(graph, images)
    for index in range(4):
        alone = golden.run(graph, images[index : index + 1])
        for name, tensor in alone.items():
            np.testing.assert_array_equal(tensor[0], together[name][index])


def test_no_images():
    graph = random_graph("basic")
    none = np.zeros((0, *graph.input.shape), np.uint8)
    assert golden.labels(graph, none).tolist() == []
    for op in graph.ops:
        assert golden.run(graph, none)[op.name].shape == (0, *graph.types[op.name].shape)


@pytest.mark.parametrize(
    "images",
    [np.zeros((1, 12, 12, 3), np.int64), np.zeros((1, 12, 12, 1), np.uint8)]
    + [np.zeros((12, 12, 3), np.uint8), np.zeros((1, 3, 12, 12), np.uint8)],
    ids=["type", "colours", "no batch", "order"],
)
def test_refuses_other_images(images):
    with pytest.raises(GraphError, match=r"^golden 'basic': images must be uint8 N,\(12, 12, 3\)"):
        golden.run(random_graph("basic"), images)


def test_labels_need_an_argmax():
    graph = random_graph("basic")
    short = ir.Graph("short", graph.ops[:-1])
    with pytest.raises(GraphError, match=r"^golden 'short': must end in an ArgMax \(got 'ClassSc"):
        golden.labels(short, random_images(graph.input.shape, 1))
