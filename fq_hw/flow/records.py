"""Records that ``fq-hw golden`` and ``fq-hw sim`` leave for reports, one a network and folding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw.data import Split
from fq_hw.flow.digests import design_digest, graph_digest
from fq_hw.flow.model import Model
from fq_hw.report.classes import confusion
from fq_hw.report.record_files import save
from fq_hw.report.records import Accuracy, GoldenRecord, SimRecord

if TYPE_CHECKING:
    from fq_hw.flow.design import Design
    from fq_hw.flow.simulate import Comparison

__all__ = ["golden_path", "save_golden", "save_sim", "sim_path"]


def golden_path(network: str) -> Path:
    """The record of a network's accuracy."""
    return Path(f"build/golden/{network}.json")


def sim_path(network: str, tag: str) -> Path:
    """The record of a simulated design; ``tag`` as of ``Hardware.tag``."""
    return Path(f"build/sim/{network}-{tag}.json")


def golden_record(model: Model, data: str, split: Split, labels: np.ndarray) -> GoldenRecord:
    """What the golden model said of a split."""
    counts = confusion(split.labels, labels, model.graph.classes)
    right = int((labels == split.labels).sum())
    return GoldenRecord(
        network=model.name,
        graph=graph_digest(model.graph),
        accuracy=Accuracy(data=data, images=len(split), right=right),
        confusion=tuple(tuple(map(int, row)) for row in counts),
    )


def save_golden(model: Model, data: str, split: Split, labels: np.ndarray) -> Path:
    """Write what the golden model said; the path. Raises ArtifactError where it cannot be."""
    path = golden_path(model.name)
    save(path, golden_record(model, data, split, labels))
    return path


def save_sim(design: Design, found: Comparison, labels: np.ndarray) -> Path:
    """Write what the simulation gave beside the golden model's ``labels`` of the whole split."""
    model, there = design.model, found.rtl_images
    record = SimRecord(
        network=model.name,
        graph=graph_digest(model.graph),
        design=design_digest(model.graph, design.folding),
        images=there,
        golden=golden_record(model, found.images_of, found.split, labels),
        simulated=Accuracy(data=found.images_of, images=there, right=found.rtl_right),
        golden_there=Accuracy(data=found.images_of, images=there, right=found.golden_right_there),
        levels=found.levels_compared,
        levels_wrong=found.levels_wrong,
        scores=found.scores_compared,
        scores_wrong=found.scores_wrong,
        interval=found.ran.interval,
        latency=found.ran.latency,
    )
    path = sim_path(model.name, design.hardware.tag(model.name))
    save(path, record)
    return path
