"""A network's file, and what the commands that a user types make of it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from brevitas_nets.parts import Made, Net
from fq_hw.cli import main

__all__ = ["Outcome", "calibrated", "example", "tried", "write"]

BATCHES = 12  # that norms and quantizers see before they are kept
VERIFIED, SIMULATED = 5, 2  # images


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a network: "exact", "refused" (by import) or "WRONG", and why."""

    name: str
    kind: str
    why: str = ""
    values: int = 0
    ties: int = 0
    levels: int = 0


def example(image: tuple[int, ...], count: int = 1) -> torch.Tensor:
    """Random images as the network gets them."""
    return torch.randint(0, 256, (count, *image)) / 255


def calibrated(net: torch.nn.Module, image: tuple[int, ...]) -> torch.nn.Module:
    """The network as training leaves it: norms and quantizers have seen images."""
    net.train()
    with torch.no_grad():
        for _ in range(BATCHES):
            net(example(image, 8))
    return net.eval()


def write(net: Net | Made, way: str, path: Path) -> None:
    """The file of a network."""
    torch.manual_seed(7)
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if isinstance(net, Made):
        net.write(path)
        return
    from brevitas.export import export_onnx_qcdq, export_qonnx

    made, given = calibrated(net.build(), net.image), example(net.image)
    if way == "qonnx":
        export_qonnx(made, given, str(path))
    elif way == "script":
        export_onnx_qcdq(made, given, str(path), dynamo=False, opset_version=13)
    else:
        export_onnx_qcdq(made, given, str(path), dynamo=True, optimize=True)


def images(net: Net | Made, folder: Path) -> None:
    """Random pictures, N,H,W,C, and labels, as ``--data npy`` takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(3)
    c, *size = net.image
    height, width = ([1, 1], [1, *size], size)[len(size)]
    np.save(folder / "images.npy", dice.integers(0, 256, (8, height, width, c), np.uint8))
    np.save(folder / "labels.npy", np.arange(8) % net.classes)
    (folder / "classes.txt").write_text("".join(f"{n}\n" for n in range(net.classes)))


def command(*words: str) -> tuple[str, dict]:
    """What ``fq-hw`` refused with, or an empty line; and its result."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([*words, "--json"])
    if status == 0:
        return "", json.loads(out.getvalue())
    last = (err.getvalue().strip().splitlines() or [""])[-1]
    return last.removeprefix("fq-hw: error: "), {}


def tried(name: str, net: Net | Made, way: str, folder: Path) -> Outcome:
    """Export, import, verify, simulate."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file, graph = folder / "net.onnx", folder / "net.graph.safetensors"
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            write(net, way, file)
    except Exception:
        (folder / "why.txt").write_text(traceback.format_exc())
        last = traceback.format_exc().strip().splitlines()[-1]
        return Outcome(name=name, kind="no file", why=last[:200])
    images(net, folder)
    data = ["--data", "npy", "--path", str(folder)]
    pixels = ["--pixels", net.pixels]
    try:
        refused, _ = command("import", str(file), *pixels, "--out", str(graph))
        if refused:
            return Outcome(name=name, kind="refused", why=refused.removeprefix(f"{file}: "))
        refused, found = command("verify", str(graph), "--against", str(file), *pixels, *data,
                                 "--images", str(VERIFIED))  # fmt: skip
        if refused:
            return Outcome(name=name, kind="WRONG", why=refused)
        refused, ran = command("sim", str(graph), *data, "--images", str(SIMULATED),
                               "--level-images", str(SIMULATED))  # fmt: skip
        if refused:
            return Outcome(name=name, kind="WRONG", why=refused)
    except Exception:
        (folder / "why.txt").write_text(traceback.format_exc())
        last = traceback.format_exc().strip().splitlines()[-1]
        return Outcome(name=name, kind="WRONG", why=last[:300])
    rows = found["tensors"]
    values, ties = (sum(row[key] for row in rows) for key in ("values", "ties"))
    compared = ran["levels"]["compared"]
    return Outcome(name=name, kind="exact", values=values, ties=ties, levels=compared)
