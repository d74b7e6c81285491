"""What golden says of a network, beside what others make of the papers' formulas."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import safe_open

from fq_hw import golden, ir
from opinions.formulas import LEVELS, TOP, tensors_of
from opinions.makers import MAKERS, Numpy

__all__ = ["compare", "from_checkpoint", "from_config"]

NEAR = 1e-5  # levels: float32 may round to the other side of an edge so near


def from_checkpoint(path: Path) -> tuple[Mapping, Mapping[str, np.ndarray]]:
    """Record and arrays of a file of weights, by safetensors alone."""
    with safe_open(path, "np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, no mapping
        record = json.loads(json.loads(file.metadata()["fq_hw"])["record"])
    return record["network"], arrays


def from_config(path: Path) -> tuple[Mapping, Mapping[str, np.ndarray]]:
    """Record and random arrays of a network that is not trained."""
    from fq_hw.network import Network
    from fq_hw.plain import from_plain
    from fq_hw.untrained import untrained

    record = tomllib.loads(path.read_text())["network"]
    return record, untrained(from_plain(Network, record, "network")).arrays


class Edges(Numpy):
    """Also how far each activation is from where the next level begins, in levels."""

    def run(self, image):
        self.distance = {}
        return super().run(image)

    def level(self, x, name):
        exact = x * (LEVELS / TOP)
        self.distance[name] = np.abs(exact - np.floor(exact) - 0.5)
        return super().level(x, name)


def compare(
    record: Mapping,
    arrays: Mapping[str, np.ndarray],
    graph: ir.Graph,
    who: str,
    images: np.ndarray,
) -> Counter:
    """Activations, residual sums and labels of pictures N,H,W,C: compared, and different.

    In float32 a value next to an edge is a tie; what is computed from it, of that picture, is then
    ``unjudged``. There are none in float64, nor is any excused there.
    """
    maker, edges, found = MAKERS[who](record, arrays), Edges(record, arrays), Counter()
    for image in images:
        truth = golden.run(graph, image[None])
        said = maker.run(image)
        near: dict[str, np.ndarray] = {}  # of what is not the same, where that may be a tie
        tied = False
        for name, unit in tensors_of(graph):
            values, want = said[name] / unit, truth[name][0]
            if tied:
                found["unjudged"] += want.size
                continue
            different = values != want
            if different.any() and not near and who != "NumPy":
                edges.run(image)
                near = edges.distance
            close = near[name] < NEAR if name in near else np.zeros(want.shape, bool)
            found["values"] += want.size
            found["ties"] += int((different & close).sum())
            found["different"] += int((different & ~close).sum())
            tied = bool((different & close).any())
        label = int(truth[graph.ops[-1].name].reshape(-1)[0])
        found["labels"] += 1
        found["labels different"] += int(np.argmax(said["scores"])) != label
    return found
