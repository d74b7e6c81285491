"""What tests of whole networks share: random networks with plan, images and golden tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from networks import array_plan, least_plan, random_graph, random_images

from fq_hw import golden
from fq_hw.ir import Conv, Graph
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.timing import Schedule
from rtl_gen.top import Accelerator
from sim import network, pysim, taps
from sim.results import result_beats
from sim.stalls import GRID
from sim.vectors import Vectors, pack

__all__ = ["FRAMES", "Case", "assert_exact", "folded", "frame_vectors", "make_case", "result_ends"]

FRAMES = 3  # of ``frame_vectors``

FOLDINGS = {  # how each network is folded: cycles per frame, or PE and SIMD of every convolution
    "basic": 2304,
    "bottleneck": (4, 4),  # an embedding of 4 goes behind the first window
    "awkward": (4, 4),  # divides neither 30 nor 10 nor 14 channels
    "gains": (12, 12),
    "flat": (1, 1),
    "tiny": (4, 4),
    "tiny-bottleneck": 600,
}


def folded(graph: Graph, how: int | tuple[int, int], **options) -> Plan:
    """Folded by a number of cycles, or one PE and SIMD for all, as far as channels allow."""
    if isinstance(how, int):
        return least_plan(graph, how, **options)
    pe, simd = how
    folds = {
        op.name: Fold(pe=min(pe, len(op.weight)), simd=min(simd, op.weight.shape[3]))
        for op in graph.ops
        if isinstance(op, Conv)
    }
    return lower(graph, folds, **options)


@dataclass(frozen=True)
class Case:
    """A random network with its plan, images and golden tensors."""

    graph: Graph
    plan: Plan
    images: np.ndarray
    tensors: dict[str, np.ndarray]
    folder: Path
    interval: int

    @property
    def scores(self) -> np.ndarray:
        return self.tensors["tail.scores"].reshape(len(self.images), -1)

    @property
    def labels(self) -> np.ndarray:
        return self.tensors["tail.label"].reshape(-1)

    def run(self, program: Path, count: int | None = None, **options) -> network.Run:
        """The first ``count`` images through ``program``."""
        return network.simulate(
            program, self.plan, self.images[:count], self.folder,
            cycles_per_frame=self.interval, **options,
        )  # fmt: skip

    def assert_equal(self, run: network.Run) -> None:
        """Every score and label as the golden model says."""
        np.testing.assert_array_equal(run.scores, self.scores[: len(run.scores)])
        np.testing.assert_array_equal(run.labels, self.labels[: len(run.labels)])

    def assert_as_predicted(self, program: Path, streamed: set[str]) -> network.Run:
        """Every tensor of ``streamed`` as golden, every result in its cycle; the run."""
        levels = self.folder / "levels.txt"
        run = self.run(program, taps_file=levels)
        self.assert_equal(run)
        wrong = taps.mismatches(levels, self.plan, self.tensors)
        assert set(wrong) >= streamed, "a tensor is not compared"
        assert not any(wrong.values()), wrong
        predicted = timing.simulate(self.plan, frames=6)
        assert run.results[:6] == predicted.results[: len(run.results)]
        assert (run.first_pixel, run.interval) == (predicted.first_pixel, predicted.interval)
        return run


def make_case(
    name: str, folder: Path, images: int, seed: int = 3, graph: Graph | None = None,
    array: Array | None = None, **options,
) -> Case:  # fmt: skip
    """The network ``name`` of ``networks.NETWORKS`` with random weights, or ``graph`` instead.

    It is folded, or computed in turn on ``array``.
    """
    graph = lower_graph(random_graph(name, seed) if graph is None else graph)
    pixels = random_images(graph.input.shape, images, seed)
    plan = array_plan(graph, array) if array else folded(graph, FOLDINGS[name], **options)
    return Case(
        graph, plan, pixels, golden.run(graph, pixels), folder, timing.simulate(plan).interval
    )


def result_ends(plan: Plan, moves: Sequence[int]) -> tuple[int, ...]:
    """Of the cycles of all beats that went out, those in which a result ended."""
    each = plan.result.beats_out
    assert len(moves) % each == 0
    return tuple(moves[each - 1 :: each])


@dataclass(frozen=True, kw_only=True)
class Patient(Vectors):
    """Vectors that wait well beyond the cycle ``last`` in which all should be done."""

    last: int

    @property
    def limit(self) -> int:
        return 2 * self.last + 1000


def frame_vectors(graph: Graph, plan: Plan, seed: int) -> Patient:
    """Random images, and what the golden model makes of them."""
    images = random_images(graph.input.shape, FRAMES, seed)
    found, unit = golden.run(graph, images), plan.result
    scores = found[graph.ops[-2].name].reshape(FRAMES, -1)
    results = tuple(beat for row in scores for beat in result_beats(row, unit))
    pixels = pack(images.reshape(-1, images.shape[-1]), 8)
    last = timing.simulate(plan, FRAMES).results[-1]
    return Patient(i={"i": pixels}, o={"o": results}, last=last)


def assert_exact(
    graph: Graph, plan: Plan, schedule: Schedule, seed: int, dice: np.random.Generator
) -> None:
    """Every score and every pixel's and result's cycle, as ``schedule`` has it; then stalled."""
    vectors = frame_vectors(graph, plan, seed)
    core = pysim.Elaborated(Accelerator(plan, None))
    moved = pysim.replay(core, vectors)
    assert moved["i"][0] == schedule.first_pixel
    assert result_ends(plan, moved["o"]) == schedule.results
    pauses = GRID[dice.integers(1, len(GRID))]
    pysim.replay(core, replace(vectors, last=6 * vectors.last), pauses)
