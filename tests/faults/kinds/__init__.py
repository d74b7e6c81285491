"""Kinds of input: each draws its case by number, always the same one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from faults.case import Case
from faults.kinds import arguments, arrays, foreign, images, places, resume, texts

__all__ = ["KINDS", "draw"]

SEED = 18
KINDS: dict[str, tuple[int, Callable[[Random, Path, int, str], Case]]] = {  # how many, and how
    "checkpoint": (220, arrays.checkpoint),
    "graph": (320, arrays.graph),
    "fixed": (140, arrays.fixed),
    "config": (160, texts.config),
    "study": (100, texts.study),
    "fold": (140, texts.fold),
    "run": (140, resume.run),
    "search": (60, resume.search),
    "record": (60, resume.record),
    "onnx": (260, foreign.onnx),
    "npz": (120, foreign.npz),
    "idx": (100, images.idx),
    "cifar": (80, images.cifar),
    "picture": (120, images.picture),
    "argument": (220, arguments.argument),
    "input": (150, places.given),
    "output": (60, places.output),
}


def draw(name: str, right: Path) -> Case:
    """The case ``name``, KIND-NUMBER."""
    kind, _, number = name.rpartition("-")
    return KINDS[kind][1](Random(f"{SEED} {name}"), right, int(number), name)
