"""CIFAR-10 and CIFAR-100 in their published python format.

The files are pickles of a dict with numpy bytes; the unpickler here builds dicts, lists, bytes and
arrays and refuses everything else, so that no code runs from them. Source: Krizhevsky 2009.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from pathlib import Path

import numpy as np

from fq_hw.data.fixed import fixed_data
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require
from fq_hw.files import check_line, read_bytes

__all__ = ["load_cifar10", "load_cifar100"]

MOST_BYTES = 200 * 2**20  # the training images of CIFAR-100 have 155 MB
MOST_STEPS = 1_000_000  # of a pickle: the largest of them has a quarter
NUMBERS = re.compile(r"[<>|=]?[biuf][1248]")


class PickledType:
    """What stands for numpy.dtype; numpy itself would believe any state that a file gives it."""

    def __init__(self, code: str | bytes, *_: object):
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: tuple) -> None:
        self.code = self.code.replace("<", "")
        if state[1] in (">", b">"):
            self.code = f">{self.code}"


class PickledArray:
    """What stands for numpy.ndarray: a shape, a type, and bytes that are looked at afterwards."""

    def __setstate__(self, state: tuple) -> None:
        _, self.shape, self.kind, self.by_columns, self.raw = state

    def plain(self) -> np.ndarray:
        """The array; any error where it is none of numbers."""
        if not NUMBERS.fullmatch(self.kind.code):
            raise ValueError(f"an array of {self.kind.code[:20]!r}")
        flat = np.frombuffer(self.raw, self.kind.code)
        return flat.reshape(self.shape, order="F" if self.by_columns else "C")


def reconstruct(kind: type, shape: tuple, code: bytes) -> PickledArray:
    """How numpy begins an array: with nothing in it."""
    return PickledArray()


def encode(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them for Python 2."""
    if encoding not in ("latin1", b"latin1"):
        raise ValueError("an unknown encoding")
    return text.encode("latin1")


SAFE = {
    ("numpy.core.multiarray", "_reconstruct"): reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): reconstruct,
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): PickledType,
    ("_codecs", "encode"): encode,
}


class ArrayUnpickler(pickle._Unpickler):
    """An unpickler that knows arrays and nothing else.

    The one in Python, as that in C takes as much memory as a number in the file says.
    """

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in SAFE:
            raise pickle.UnpicklingError(f"a global {module}.{name}")
        return SAFE[module, name]


def check_steps(raw: bytes) -> None:
    """Refuse a pickle of more steps than the published files have: each takes a microsecond."""
    for step, _ in enumerate(pickletools.genops(raw)):
        if step == MOST_STEPS:
            raise pickle.UnpicklingError(f"more than {MOST_STEPS:,} steps")


def read_dict(path: Path) -> dict:
    """One published file as a dict with text keys."""
    hint = "unpack the archive in python format and name its folder"
    raw = read_bytes(path, f"data {path}", most=MOST_BYTES, hint=hint)
    try:
        check_steps(raw)
        found = ArrayUnpickler(io.BytesIO(raw), encoding="bytes").load()
        named = {k.decode() if isinstance(k, bytes) else k: v for k, v in found.items()}
        if not all(isinstance(key, str) for key in named):
            raise ValueError("a key that is no text")
        return {k: v.plain() if isinstance(v, PickledArray) else v for k, v in named.items()}
    except Exception as error:  # a damaged pickle raises nearly anything
        message = f"data {path}: not a CIFAR file in python format ({error})"
        raise ArtifactError(message) from error


def is_label(value: object) -> bool:
    """Whether it is an integer as labels are."""
    return type(value) is int and abs(value) < 2**31


def read_split(paths: list[Path], label: str) -> Split:
    """Images and labels of some batches, one after the other."""
    images, labels = [], []
    for path in paths:
        plain = read_dict(path)
        have = {"data", label} <= set(plain)
        require(
            have, f"data {path}", f"needs the keys data, {label}", sorted(plain), kind=ArtifactError
        )
        rows, numbers = plain["data"], plain[label]
        shaped = isinstance(rows, np.ndarray) and rows.shape[1:] == (3072,)
        shaped = shaped and rows.dtype == np.uint8
        got = getattr(rows, "shape", type(rows))
        require(shaped, f"data {path}", "needs rows of 3072 bytes", got, kind=ArtifactError)
        whole = isinstance(numbers, list) and all(map(is_label, numbers))
        require(
            whole, f"data {path}", f"{label} must be integers", type(numbers), kind=ArtifactError
        )
        paired = len(numbers) == len(rows)
        require(
            paired, f"data {path}", f"needs {len(rows)} {label}", len(numbers), kind=ArtifactError
        )
        images.append(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(np.asarray(numbers, np.int64))
    return Split(images=np.concatenate(images), labels=np.concatenate(labels))


def class_names(path: Path, key: str) -> tuple[str, ...]:
    """Class names from the set's meta file."""
    names = read_dict(path).get(key)
    listed = isinstance(names, list) and names and all(isinstance(n, str | bytes) for n in names)
    contract = f"needs the key {key}, a list of names"
    require(listed, f"data {path}", contract, type(names), kind=ArtifactError)
    texts = tuple(n.decode(errors="replace") if isinstance(n, bytes) else n for n in names)
    for name in texts:
        check_line(name, f"data {path}: a class")
    return texts


def load_cifar10(path: Path, image: tuple[int, int, int]) -> Data:
    """CIFAR-10 from the folder with data_batch_1..5, test_batch and batches.meta."""
    train = read_split([path / f"data_batch_{n}" for n in range(1, 6)], "labels")
    test = read_split([path / "test_batch"], "labels")
    classes = class_names(path / "batches.meta", "label_names")
    return fixed_data("cifar10", classes, train, test, image)


def load_cifar100(path: Path, image: tuple[int, int, int]) -> Data:
    """CIFAR-100 (100 fine classes) from the folder with train, test and meta."""
    train, test = (read_split([path / part], "fine_labels") for part in ("train", "test"))
    classes = class_names(path / "meta", "fine_label_names")
    return fixed_data("cifar100", classes, train, test, image)
