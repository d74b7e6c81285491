"""Small networks with random weights, for tests of everything after training; numpy only."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.checkpoint import Checkpoint
from fq_hw.export import export
from fq_hw.ir import Conv, Graph, Join
from fq_hw.layers import Activation, Embedding, EmbeddingKind, Norm, StepRule, WeightScale
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.passes import lower_graph
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.stage import InTurn, one_stage
from fq_hw.schedule.joins import branches
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.skip import beats_waiting, waiting
from fq_hw.untrained import untrained

__all__ = [
    "NETWORKS",
    "TINY",
    "VARIANTS",
    "array_plan",
    "byte_graph",
    "column_folds",
    "least_plan",
    "odd_folds",
    "random_checkpoint",
    "random_graph",
    "random_images",
    "skip_depths",
    "whole_stage",
    "wide_folds",
]

NETWORKS = {
    network.name: network
    for network in (
        Network(  # identity and downsample blocks, a strided stage
            name="basic",
            image=(12, 12, 3),
            classes=10,
            embedding=Embedding(length=4),
            stem=(StemConv(width=8), StemConv(width=8, kernel=1, norm=False)),
            block=Block.BASIC,
            stages=(Stage(width=8, blocks=2, stride=1), Stage(width=12, blocks=2)),
        ),
        Network(
            name="bottleneck",
            image=(10, 10, 3),
            classes=5,
            embedding=Embedding(kind=EmbeddingKind.THERMOMETER, length=4),
            stem=(StemConv(width=8, norm=False),),
            block=Block.BOTTLENECK,
            stages=(Stage(width=4, blocks=2, stride=1), Stage(width=6, blocks=2)),
        ),
        Network(  # counts that few folds divide, an image that is neither square nor even
            name="awkward",
            image=(9, 13, 3),
            classes=3,
            embedding=Embedding(length=10, shared=False),
            stem=(StemConv(width=10, stride=2, norm=False),),
            block=Block.BASIC,
            stages=(Stage(width=10, blocks=2, stride=1), Stage(width=14, blocks=1)),
        ),
        Network(  # most gains negative, a quarter exactly 0; one colour
            name="gains",
            image=(8, 8, 1),
            classes=4,
            embedding=Embedding(kind=EmbeddingKind.THERMOMETER, length=6),
            stem=(StemConv(width=12), StemConv(width=12, norm=False)),
            block=Block.BASIC,
            stages=(Stage(width=12, blocks=2, stride=1),),
        ),
        Network(  # two rows at the end: a window ends at both edges
            name="flat",
            image=(4, 24, 3),
            classes=2,
            embedding=Embedding(length=2),
            stem=(StemConv(width=6, stride=2, norm=False),),
            block=Block.BASIC,
            stages=(Stage(width=6, blocks=2, stride=1),),
        ),
    )
}
TINY = {  # for what takes long: a row's end inside a group, a stride, blocks with downsampling
    network.name: network
    for network in (
        Network(
            name="tiny",
            image=(4, 6, 2),
            classes=4,
            embedding=Embedding(length=3),
            stem=(StemConv(width=4, norm=False),),
            block=Block.BASIC,
            stages=(Stage(width=4, blocks=1, stride=1), Stage(width=4, blocks=1)),
        ),
        Network(
            name="tiny-bottleneck",
            image=(4, 4, 3),
            classes=2,
            embedding=Embedding(length=2),
            stem=(StemConv(width=6, norm=False),),
            block=Block.BOTTLENECK,
            stages=(Stage(width=2, blocks=1, stride=2),),
        ),
    )
}
VARIANTS = {  # other embeddings and quantizers, which give the same ops
    network.name: network
    for network in (
        replace(
            NETWORKS["basic"],
            name="naive",
            embedding=Embedding(kind=EmbeddingKind.NAIVE, length=1),
        ),
        replace(
            NETWORKS["awkward"],
            name="digits",
            embedding=Embedding(kind=EmbeddingKind.DIGITS, length=4),
        ),
        replace(
            NETWORKS["basic"],
            name="exact",
            embedding=Embedding(kind=EmbeddingKind.EXACT, length=1),
        ),
        replace(NETWORKS["basic"], name="learned-scales", weight_scale=WeightScale.LEARNED),
        replace(NETWORKS["awkward"], name="two-bits", weight_bits=2),
        replace(
            NETWORKS["basic"],
            name="two-bits-learned",
            weight_bits=2,
            weight_scale=WeightScale.LEARNED,
        ),
        replace(
            NETWORKS["bottleneck"],
            name="fitted-widths",
            activation=Activation(rule=StepRule.ROBUST),
            weight_scale=WeightScale.LEARNED,
        ),
        replace(
            NETWORKS["basic"],
            name="no-norms",
            activation=Activation(rule=StepRule.LAYER),
            norm=Norm.BIAS,
        ),
    )
}
SHARES = {"gains": (0.55, 0.25)}  # of negative and zero gains
USUAL = (0.3, 0.08)


def random_checkpoint(network: Network, seed: int) -> Checkpoint:
    """Random weights of either sign; norms of positive, negative and zero gain, levels spread."""
    negative, zero = SHARES.get(network.name, USUAL)
    return untrained(network, seed, negative=negative, zero=zero)


def random_graph(name: str, seed: int = 0) -> Graph:
    """The graph of ``NETWORKS[name]`` or ``TINY[name]`` as exported, before any pass."""
    exported = export(random_checkpoint((NETWORKS | TINY)[name], seed))
    return Graph.from_nodes(exported.name, exported.nodes)


def random_images(shape: tuple[int, int, int], count: int, seed: int = 0) -> np.ndarray:
    """uint8 N,H,W,C: black, white and a ramp, then noise of any brightness and contrast."""
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, 256, (2, count, 1, 1, shape[2])), axis=0)
    images = rng.integers(ends[0], ends[1] + 1, (count, *shape)).astype(np.uint8)
    ramp = np.arange(math.prod(shape)).reshape(shape) % 256
    for index, image in enumerate([np.zeros(shape), np.full(shape, 255), ramp][: count - 1]):
        images[index] = image
    return images


def skip_depths(graph: Graph, join: Join, beats: tuple[int, int], columns=None) -> tuple:
    """Least depths of the FIFOs on ``join``'s inputs, of so many beats a pixel; None needs none."""
    at_once = {name: (n,) for name, n in (columns or {}).items()}
    return tuple(map(beats_waiting, waiting(branches(graph, join), at_once), beats))


def least_plan(graph: Graph, cycles: int, **options) -> Plan:
    """The plan of least LUT that needs at most ``cycles`` per frame."""
    found = least_lut(graph, cycles)
    return lower(graph, found.folds, found.cycles, logic=found.logic, **options)


def whole_stage(graph: Graph, array: Array) -> InTurn:
    """All convolutions of ``graph`` in turn on ``array``."""
    after, until = one_stage(graph)
    return InTurn(after=after, until=until, array=array)


def array_plan(graph: Graph, array: Array) -> Plan:
    """The plan of ``graph`` as ``whole_stage``."""
    return lower(graph, {}, arrays=(whole_stage(graph, array),))


def odd_folds(graph: Graph) -> dict[str, Fold]:
    """PE and SIMD of every convolution that divide its channels only by chance."""
    folds = {}
    for index, op in enumerate(op for op in graph.ops if isinstance(op, Conv)):
        cout, _, _, cin = op.weight.shape
        folds[op.name] = Fold(pe=min((3, 4, 7, 1)[index % 4], cout), simd=min(4 + index % 3, cin))
    return folds


def wide_folds(graph: Graph) -> dict[str, Fold]:
    """Every convolution unfolded, but for the last PE of a 1x1: so fast that lanes stay unused."""
    folds = {}
    for op in graph.ops:
        if isinstance(op, Conv):
            cout, kernel, _, cin = op.weight.shape
            folds[op.name] = Fold(pe=cout if kernel > 1 else max(cout - 1, 1), simd=cin)
    return folds


def column_folds(graph: Graph) -> dict[str, Fold]:
    """Every convolution with several pixels at once, where its output's width allows."""
    folds = {}
    for index, op in enumerate(op for op in graph.ops if isinstance(op, Conv)):
        cout, _, _, cin = op.weight.shape
        width = graph.types[op.name].shape[1]
        even = [n for n in range(1, width + 1) if width % n == 0]
        divisors = [n for n in range(1, cout + 1) if cout % n == 0]
        folds[op.name] = Fold(
            pe=divisors[(len(divisors) - 1) // (1 + index % 2)],
            simd=min(3 + index % 4, cin),
            columns=even[min(1 + index % 2, len(even) - 1)],
        )
    return folds


def byte_graph(classes: int = 6) -> ir.Graph:
    """Three convolutions, one of them depthwise, with weights of 8 bits."""
    dice = np.random.default_rng(5)

    def weight(*shape: int) -> np.ndarray:
        found = dice.integers(-127, 128, shape)
        found.flat[0] = 127
        return found

    def levels(name: str, channels: int) -> ir.Threshold:
        rows = np.sort(dice.integers(-20_000, 20_000, (channels, 15)), axis=1)
        sign = np.ones(channels, np.int64)
        return ir.Threshold(name=name, inputs=(f"{name}.sums",), levels=rows, sign=sign, out_bits=4)

    more = {"stride": 1, "padding": 0, "scale": None}
    return lower_graph(ir.Graph("bytes", (
        ir.Input(name="x", shape=(6, 6, 2)),
        ir.Embed(name="e", inputs=("x",), table=np.arange(256).reshape(1, 256, 1), out_bits=8),
        ir.Conv(name="a.sums", inputs=("e",), weight=weight(8, 3, 3, 2), **more),
        levels("a", 8),
        ir.Conv(name="b.sums", inputs=("a",), weight=weight(8, 3, 3, 1), groups=8, **more),
        levels("b", 8),
        ir.Conv(name="c", inputs=("b",), weight=weight(classes, 1, 1, 8), **more),
        ir.PixelSum(name="sum", inputs=("c",)),
        ir.ClassScale(name="scores", inputs=("sum",), multiplier=np.ones(classes, np.int64)),
        ir.ArgMax(name="label", inputs=("scores",)),
    )))  # fmt: skip
