"""The right inputs, all small: a folder with one of each kind, made by the commands themselves."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
from idx_files import write_idx
from onnx_models import Maker
from PIL import Image

from fq_hw.cli import main
from fq_hw.files import add_row

__all__ = ["CLASSES", "make"]

CLASSES = 3
COUNTS = {"train": 64, "t10k": 12}
CONFIG = """[network]
name = "tiny"
image = [8, 8, 1]
classes = 3
block = "basic"
embedding = { length = 2, shared = true }
stem = [{ width = 4, kernel = 3, stride = 1, norm = false }]
stages = [{ width = 4, blocks = 1, stride = 2 }]

[data]
kind = "idx"
path = "idx"

[train]
epochs = 2
batch = 16
lr = 0.1
seed = 2
"""
FLOAT = """[network]
name = "rows"
image = [8, 8, 1]
classes = 3
layers = [
    { op = "conv", width = 4, kernel = 3, norm = true, relu = true },
    { op = "max-pool", kernel = 2 },
    { op = "dense", width = 3 },
]

[data]
kind = "idx"
path = "idx"

[train]
epochs = 2
batch = 16
lr = 0.1
hold_out = 16
seed = 2
"""
STUDY = """title = "two widths"
[network]
name = "small"
image = [8, 8, 1]
classes = 3
block = "basic"
embedding = { length = 2 }
stem = [{ width = 4, norm = false }]
stages = [{ width = 4, blocks = 1 }]
[data]
kind = "idx"
path = "idx"
[train]
epochs = 1
batch = 16
lr = 0.1
[[variants]]
name = "narrow"
title = "four channels"
seeds = [1, 2]
[[variants]]
name = "wide"
title = "six channels"
seeds = [1]
network = { stages = [{ width = 6, blocks = 1 }] }
"""
CNV_ROWS = (4, 3, 4, 3, 4, 3, 4, 3, 10)


def images(dice: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey images with one bright row of three, which is their class."""
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    found = dice.integers(0, 60, (count, 8, 8), np.uint8)
    found[np.arange(count), 1 + 2 * labels] += 150
    return found, labels


def idx(folder: Path, dice: np.random.Generator) -> None:
    folder.mkdir()
    for stem, count in COUNTS.items():
        pictures, labels = images(dice, count)
        write_idx(folder / f"{stem}-images-idx3-ubyte", pictures)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", labels)


def cifar(folder: Path, dice: np.random.Generator) -> None:
    """CIFAR-10 in its published form, ten rows a file."""
    folder.mkdir()
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        rows = dice.integers(0, 256, (10, 3072), np.uint8)
        plain = {b"data": rows, b"labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(plain, protocol=2))
    names = {b"label_names": [b"%d" % n for n in range(10)]}
    (folder / "batches.meta").write_bytes(pickle.dumps(names, protocol=2))


def pictures(folder: Path, dice: np.random.Generator) -> None:
    """A folder per class, a picture of each format in it."""
    for part in ("train", "test"):
        for label in range(CLASSES):
            place = folder / part / str(label)
            place.mkdir(parents=True)
            for suffix, picture in zip(
                ("png", "jpg", "bmp", "ppm", "webp"), images(dice, 15)[0], strict=False
            ):
                Image.fromarray(picture).save(place / f"a.{suffix}")


def cnv(path: Path, dice: np.random.Generator) -> None:
    """Packed weights in the layout of BNN-PYNQ's CNV, with few rows."""
    arrays, depth = {}, 3
    for index, rows in enumerate(CNV_ROWS):
        synapses = depth * (9 if index < 6 else 1)
        bits = dice.integers(0, 2, rows * synapses).astype(np.uint8)
        arrays[f"l{index}.w_packed"] = np.packbits(bits)
        arrays[f"l{index}.shape"] = np.array([rows, synapses])
        if index < len(CNV_ROWS) - 1:
            levels = dice.integers(-synapses, synapses, (rows, 2))
            arrays[f"l{index}.thr"] = np.sort(levels, axis=1).astype(np.int16)
        depth = rows
    np.savez_compressed(path, **arrays)


def foreign(path: Path) -> None:
    """An ONNX model with quantizers, a norm, a pool and a sum of branches."""
    maker = Maker((1, 1, 8, 8))
    x = maker.quant("image", 8, 1 / 128)
    x = maker.quant(maker.norm(maker.conv(x, 1, 4), 4), 2, 0.7, signed=0)
    x = maker.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    y = maker.quant(maker.norm(maker.conv(x, 4, 4, bits=3), 4), 3, 0.25)
    x = maker.quant(
        maker.node("Relu", maker.node("Add", y, maker.quant(x, 3, 0.25))), 2, 0.9, signed=0
    )
    x = maker.quant(maker.norm(maker.conv(x, 4, 4, kernel=1, pads=[0] * 4), 4), 3, 0.5)
    out = maker.scores(x, 4, CLASSES)
    maker.save(path, out)


def run(*words: str) -> None:
    """A command that must succeed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(list(words))
    assert status == 0, f"fq-hw {' '.join(words)}: {said.getvalue()}"


def make(folder: Path) -> None:
    """Fill ``folder``, which appears whole or not at all."""
    work = folder.with_name(f"{folder.name}.{os.getpid()}")
    work.mkdir(parents=True)
    before = Path.cwd()
    os.chdir(work)
    try:
        fill(np.random.default_rng(18))
    finally:
        os.chdir(before)
    with contextlib.suppress(OSError):  # another process may have made the same
        work.rename(folder)
    shutil.rmtree(work, ignore_errors=True)


def fill(dice: np.random.Generator) -> None:
    """All files, into the working directory."""
    here = Path()
    idx(here / "idx", dice)
    cifar(here / "cifar", dice)
    pictures(here / "pictures", dice)
    cnv(here / "cnv.npz", dice)
    foreign(here / "net.onnx")
    (here / "tiny.toml").write_text(CONFIG)
    (here / "rows.toml").write_text(FLOAT)
    (here / "small.toml").write_text(STUDY)
    stopped_run()
    run("train", "tiny.toml", "--out", "done")
    shutil.move("done/checkpoint.safetensors", "checkpoint.safetensors")
    shutil.rmtree("done")
    run("export", "checkpoint.safetensors", "--out", "graph.safetensors")
    run("fold", "graph.safetensors", "--cycles", "600", "--out", "fold.json")
    run("train", "rows.toml", "--out", "float")
    shutil.move("float/checkpoint.safetensors", "float.safetensors")
    shutil.rmtree("float")
    run(
        "search",
        "float.safetensors",
        "--target",
        "0.5",
        "--bits",
        "6",
        "--out",
        "fixed.safetensors",
    )
    log = Path("fixed.safetensors.jsonl")
    Path("search").mkdir()
    lines = log.read_text().splitlines(keepends=True)
    (here / "search/net.safetensors.jsonl").write_text("".join(lines[:-2]))
    log.unlink()
    run("import", "net.onnx", "--out", "onnx.graph.safetensors")
    records(here / "record")
    shutil.rmtree("build", ignore_errors=True)


def stopped_run() -> None:
    """The folder ``run`` of a training of two epochs that stopped after the first."""
    from fq_hw.nn import training

    whole = training.train
    training.train = lambda *args, **more: itertools.islice(whole(*args, **more), 1)
    try:
        run("train", "tiny.toml", "--out", "run")
    finally:
        training.train = whole


def records(folder: Path) -> None:
    """What `fq-hw accuracy` would have recorded."""
    folder.mkdir()
    rows = [
        {
            "variant": name,
            "seed": seed,
            "float": 50.0 + seed,
            "golden": 50.0 + seed,
            "images": 12,
            "epochs": 1,
            "seconds": 1,
            "flips": [0.25],
            "curve": [51.0],
            "machine": "some",
        }
        for name, seed in (("narrow", 1), ("wide", 1), ("narrow", 2))
    ]
    for row in rows:
        add_row(folder / "small.jsonl", row)


if __name__ == "__main__":
    import sys

    make(Path(sys.argv[1]))
