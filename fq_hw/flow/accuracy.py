"""A run of a study: trained, or gone on with, or taken from its folder; its line of the record."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from fq_hw import checkpoint
from fq_hw.errors import ArtifactError, require
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.hardware import DEFAULT_CYCLES
from fq_hw.flow.images import load_images
from fq_hw.flow.model import Model, load_model
from fq_hw.flow.preflight import untrained_graph
from fq_hw.flow.run_folder import read_metrics
from fq_hw.flow.study import Run
from fq_hw.flow.torch_module import resolved
from fq_hw.flow.train import TrainGoal, torch_with, train_here
from fq_hw.layers import EmbeddingKind, Layered, shapes

__all__ = ["finished", "first_layer", "measure"]

COMMAND = "fq-hw accuracy"  # one thread: two collapse beside other jobs


def measure(name: str, one: Run) -> dict:
    """Train a run, or go on with it, or take it from its folder; its line of the record."""
    out = Path("build/train") / name / one.name
    rows = finished(out, one)
    if rows is None:
        train_run(out, one)
        rows = finished(out, one)
        assert rows is not None, f"{out} holds no finished run"
    trained = checkpoint.read(out / "checkpoint.safetensors")
    row = {
        "variant": one.variant.name,
        "seed": one.seed,
        "float": trained.accuracy.percent,
        "golden": None,
        "images": trained.accuracy.images,
        "epochs": len(rows),
        "seconds": round(sum(r["seconds"] for r in rows)),
        "flips": [r["flips"] for r in rows],
        "curve": [round(100 * r["test"], 2) for r in rows],
        "machine": machine(),
    }
    if trained.network.layers[0].embedding.kind is not EmbeddingKind.FLOAT:
        model = load_model(out / "checkpoint.safetensors")
        kind, path = one.config.data.kind, one.config.data.path
        # The data may have changed since.
        test = load_images(model, kind, path and Path(path)).test()
        right = int((golden_labels(model.graph, test.images) == test.labels).sum())
        row["golden"] = 100 * right / len(test)
    return row


def first_layer(network: Layered) -> dict:
    """MAC of the first convolution; cycles and estimated LUT4 and EBR of it and its embedding.

    All at one speed. They depend on shapes alone: the weights here are untrained.
    """
    conv = next(layer.conv for layer in network.layers if layer.conv is not None)
    rows, columns, _ = shapes(network)[conv.name]
    found = {"mac": rows * columns * conv.kernel**2 * conv.cin * conv.cout}
    if conv.real:
        return found
    units = Model(graph=untrained_graph(network)).design(cycles=DEFAULT_CYCLES).units
    first = ("embedding", conv.name.removesuffix(".conv"))
    units = [u for u in units if u["unit"].startswith(first)]
    found["cycles"] = max(unit["cycles"] or 0 for unit in units)
    return found | {key: sum(unit[key] for unit in units) for key in ("lut", "ebr")}


def finished(out: Path, one: Run) -> list[dict] | None:
    """Figures of the epochs of a run whose folder holds all of them; None where it does not."""
    metrics, saved = out / "metrics.jsonl", out / "checkpoint.safetensors"
    if not metrics.exists() or not saved.exists():
        return None
    rows = read_metrics(metrics, f"{out}")
    epochs = one.config.train["epochs"]
    trained = checkpoint.read(saved)
    if trained.provenance.get("epochs") != f"{epochs} of {epochs}" or len(rows) != epochs:
        return None
    same = trained.network == resolved(one.config.network, Path())[0]
    same = same and trained.provenance.get("seed") == str(one.seed)
    contract = "holds another run than this one"
    require(same, f"{out}", contract, hint="remove the folder to train again", kind=ArtifactError)
    return rows


def train_run(out: Path, one: Run) -> None:
    """What ``fq-hw train`` does with this configuration."""
    torch_with(1, COMMAND)
    name = Path(f"{one.config.network.name}.toml")
    train_here(one.config, TrainGoal(config=name, out=out, resume=(out / "state.pt").exists()))


def machine() -> str:
    """The processor's name and how many cores the system has."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [n for n in info.read_text().splitlines() if n.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return f"{cpu}, one of {os.cpu_count()} cores"
