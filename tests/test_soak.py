"""What `make soak` does, for a moment; and that it can fail."""

import bench_soak
import numpy as np
import pytest
from networks import random_graph, random_images

from fq_hw import golden
from fq_hw.flow import Model
from fq_hw.passes import lower_graph


@pytest.mark.verilator
def test_a_network_meets_pauses_and_resets(programs, monkeypatch):
    monkeypatch.setattr(bench_soak, "PROGRAMS", programs.parent)
    model = Model(graph=lower_graph(random_graph("tiny")))
    images = random_images(model.image, 5)
    runs = bench_soak.numbered(11, 4)
    assert runs == [(0, 4), (1, 4), (2, 3)]
    found = [bench_soak.core(model, images, *one, cycles=2000) for one in runs]
    assert not any(one["wrong"] or one["wrong labels"] for one in found)
    assert all(one["scores"] == one["frames"] * model.graph.classes for one in found)

    truth = golden.batches

    def other(graph, images):
        for tensors in truth(graph, images):
            last = graph.ops[-2].name
            yield tensors | {last: tensors[last] + 1}

    monkeypatch.setattr(golden, "batches", other)
    one = bench_soak.core(model, images, 3, 3, cycles=2000)
    assert one["wrong"] == one["scores"]


def test_frames_are_of_every_kind():
    images = np.full((3, 4, 4, 1), 77, np.uint8)
    found = bench_soak.frames_of(100, images, np.random.default_rng(1))
    flat = found.reshape(100, -1)
    assert (flat == 77).all(1).any()
    assert sum(len(set(row)) == 1 and row[0] != 77 for row in flat) >= bench_soak.EDGES // 2
    assert sum(len(set(row)) > 8 for row in flat) > 20


def test_memory_that_grows_is_seen():
    curve = bench_soak.Curve()
    curve.samples = [(float(minute), 100_000 + 1000 * (minute > 30)) for minute in range(60)]
    assert (curve.sixth(1), curve.sixth(5)) == (100.0, 101.0)
