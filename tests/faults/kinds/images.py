"""Sets of images: IDX, CIFAR, a folder of pictures for each class."""

from __future__ import annotations

import gzip
import pickle
import struct
import zlib
from pathlib import Path
from random import Random

import numpy as np
from idx_files import idx as idx_bytes

from faults.case import Case, Special
from faults.damage import FORGED, broken
from faults.kinds.bombs import gzip_bomb, png, zeros
from faults.kinds.resume import EVIL

__all__ = ["cifar", "idx", "picture"]

IDX = ("golden", "graph.safetensors", "--images", "6", "--json")
CIFAR = ("golden", "--data", "cifar10", "--path", "cifar", "--images", "10", "--json")
FOLDER = ("golden", "graph.safetensors", "--data", "folder", "--path", "pictures", "--images", "6",
          "--json")  # fmt: skip
IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(rng: Random, right: Path, number: int, name: str) -> Case:
    """Plain or packed; images and labels, of the test split and the training one."""
    file = rng.choice(
        (IMAGES, IMAGES, LABELS, "train-labels-idx1-ubyte", "train-images-idx3-ubyte")
    )
    blob = (right / "idx" / file).read_bytes()
    files: dict[str, bytes | Special] = {}
    other = False
    if number < len(SIZES):
        damage, found = f"a header of {SIZES[number]}", header(SIZES[number]) + blob[16:]
    elif number < len(SIZES) + 3:
        damage = "a gzip of much more"
        found = gzip_bomb(blob, (1, 1500, 6000)[number - len(SIZES)])
        files = {f"idx/{file}": Special("gone")}
        file += ".gz"
    elif rng.random() < 0.4:
        packed = gzip.compress(blob, mtime=0)
        damage, found = broken(rng, packed)
        files = {f"idx/{file}": Special("gone")}
        file += ".gz"
        damage = f"packed: {damage}"
    elif rng.random() < 0.3:
        label = rng.choice((3, 255, 0))
        damage, found = f"all labels {label}", idx_bytes(np.full(12, label, np.uint8))
        file = LABELS
        other = label == 0
    else:
        damage, found = broken(rng, blob)
        other = same_head(blob, found)
    if rng.random() < 0.05:
        damage, found = "gone", Special("gone")
    files[f"idx/{file}"] = found
    return Case(
        name=name,
        damage=f"{file}: {damage}",
        words=IDX,
        usual=IDX,
        files=files,
        needs=("graph.safetensors", "idx"),
        other=other,
    )


SIZES = (
    (2**32 - 1,) * 3,
    (2**31, 2**31, 2**31),
    (0, 8, 8),
    (12, 0, 0),
    (2**32 - 1, 8, 8),
    (12, 2**16, 2**16),
)


def header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)


def same_head(blob: bytes, found: bytes) -> bool:
    """Whether only pixels or labels changed: nobody can see that."""
    return len(blob) == len(found) and blob[:4] == found[:4]


def cifar(rng: Random, right: Path, number: int, name: str) -> Case:
    """Pickles: of the published form, of any other, that run code."""
    file = rng.choice(("test_batch", "test_batch", "data_batch_3", "batches.meta"))
    blob = (right / "cifar" / file).read_bytes()
    found: bytes | Special
    if number < len(PICKLES):
        damage, found = f"pickle {PICKLES[number][:40]!r}", PICKLES[number]
    elif rng.random() < 0.4:
        damage, found = values(rng, blob)
    else:
        damage, found = broken(rng, blob)
    other = pixels_only(blob, found)
    return Case(
        name=name,
        damage=f"{file}: {damage}",
        words=CIFAR,
        usual=CIFAR,
        files={f"cifar/{file}": found},
        needs=("cifar",),
        other=other,
    )


def reduced(module: str, function: str, text: str) -> bytes:
    """A pickle that calls a function with a text."""
    return f"c{module}\n{function}\n(V{text}\ntR.".encode()


PICKLES = (
    EVIL, reduced("os", "system", "touch ../executed"), reduced("builtins", "eval",
    "open('../executed','w')"),
    b"", b".", b"N.", b"}.", b"\x80\x02]" + b"]" * 3_000_000 + b".", b"(" * 3_000_000 + b".",
    b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", b"\x8d" + struct.pack("<Q", 2**40) + b"x.",
    b"T\xff\xff\xff\x7fx.", pickle.dumps([1] * 10), pickle.dumps({b"data": np.zeros((2**28, 0),
    np.uint8)}),
    b"I" + b"9" * 100_000 + b"\n.", b"L" + b"9" * 100_000 + b"L\n.",
    b"\x80\x02" + b"N2" * 500_000 + b".",
    # an array of 10**12 bytes: numpy is asked to make it
    b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I1000000000000\ntS'b'\ntR.",
    b"cnumpy\nndarray\n(I1000000000000\ntR.",
    b"cnumpy\ndtype\n(V" + b"i4," * 100_000 + b"\ntR.",
    b"\x80\x02N\x940" + b"h\x00" * 10 + b"r\xff\xff\xff\x7f.",  # memo 2**31
)  # fmt: skip


def values(rng: Random, blob: bytes) -> tuple[str, bytes]:
    """The dict of a right file with something else in it."""
    tree = pickle.loads(blob)
    key = rng.choice(list(tree))
    some = rng.choice(
        (
            None,
            5,
            [],
            {},
            b"x",
            FORGED,
            [FORGED] * 10,
            [10**30] * 10,
            [-1] * 10,
            [True] * 10,
            [1.5] * 10,
            ["\x1b[2J"] * 10,
            [b"\xff\xfe"] * 10,
            list(range(9)),
            np.zeros((10, 3072), np.float32),
            np.zeros((10, 3072), np.int8),
            np.zeros((10, 3071), np.uint8),
            np.zeros((0, 3072), np.uint8),
            np.array([{}], object),
            np.zeros((10, 3072, 1), np.uint8),
            np.zeros(10, "S5"),
            ["x" * 100_000] * 10,
        )
    )
    if rng.random() < 0.2:
        tree[rng.choice((FORGED.encode(), b"x" * 100_000, 5, None))] = tree.pop(key)
        return f"{key} renamed", pickle.dumps(tree, protocol=2)
    tree[key] = some
    return f"{key} = {str(some)[:40]!r}", pickle.dumps(tree, protocol=2)


def pixels_only(blob: bytes, found: bytes | Special) -> bool:
    """Whether it is of the same form: other pixels, labels or plain names."""
    import io

    from fq_hw.data.cifar import ArrayUnpickler

    try:
        a, b = (ArrayUnpickler(io.BytesIO(x), encoding="bytes").load() for x in (blob, found))
        return a.keys() == b.keys() and all(form(a[key]) == form(b[key]) for key in a)
    except Exception:  # whatever a pickle raises
        return False


def form(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    if isinstance(value, list):
        return len(value), [
            isinstance(v, bytes) and v.isascii() or type(v) is int and 0 <= v < 10 for v in value
        ]
    return type(value)


ROWS = zlib.compress(bytes(9 * 8))


def picture(rng: Random, right: Path, number: int, name: str) -> Case:
    """One picture of a folder, or the folder's form."""
    file = f"test/1/a.{rng.choice(('png', 'jpg', 'bmp', 'ppm', 'webp'))}"
    if number < len(PICTURES):
        damage, files = PICTURES[number]
        files = {f"pictures/{key}": value for key, value in files.items()}
        other = damage in SEEN
    else:
        blob = (right / "pictures" / file).read_bytes()
        damage, found = broken(rng, blob)
        damage, files, other = f"{file}: {damage}", {f"pictures/{file}": found}, True
    return Case(
        name=name,
        damage=damage,
        words=FOLDER,
        usual=FOLDER,
        files=files,
        needs=("graph.safetensors", "pictures"),
        other=other,
    )


P, GONE = "test/1/a.png", Special("gone")
SEEN = {
    "a folder linked twice",
    "a hidden file",
    "a text beside",
    "a small picture",
    "a dot folder",
}
PICTURES = (
    ("100,000 x 100,000 pixels", {P: png(100_000, 100_000, ROWS)}),
    ("20,000 x 20,000 pixels, all there", {P: png(20_000, 20_000, zeros(20_001 * 20_000))}),
    ("2**31 - 1 wide", {P: png(2**31 - 1, 1, ROWS)}),
    ("no pixels", {P: png(0, 0, ROWS)}),
    ("a text of 500 MB", {P: png(8, 8, ROWS, (b"zTXt", b"a\0\0" + zeros(2**29)))}),
    ("a profile of 500 MB", {P: png(8, 8, ROWS, (b"iCCP", b"a\0\0" + zeros(2**29)))}),
    ("rows of 1 GB", {P: png(8, 8, zeros(2**30))}),
    ("too few rows", {P: png(8, 8, zlib.compress(bytes(9)))}),
    ("1,000,000 chunks", {P: png(8, 8, ROWS, *[(b"tEXt", b"a\0b")] * 1_000_000)}),
    ("no picture", {P: b"no picture"}),
    ("empty", {P: b""}),
    ("a pipe", {P: Special("fifo")}),
    ("a folder of that name", {P: Special("folder")}),
    ("/dev/zero", {P: Special("link", "/dev/zero")}),
    ("a link to nowhere", {P: Special("link", "nowhere")}),
    ("a link to itself", {P: Special("link", "a.png")}),
    ("1 TB", {P: Special("sparse", 2**40)}),
    ("a folder linked into itself", {"test/1/loop": Special("link", "..")}),
    ("a class linked to /", {"test/1": Special("link", "/proc/self")}),
    ("train gone", {"train": GONE}),
    ("a class gone", {"test/1": GONE}),
    ("a class empty", {"test/1": Special("folder")}),
    ("a class more", {"train/9/a.png": png(8, 8, ROWS)}),
    ("a class with an end of line", {f"{p}/{FORGED.replace('/', '')}/a.png": png(8, 8,
     ROWS) for p in ("train", "test")}),
    ("a picture with an end of line", {f"test/1/{FORGED}.png": b"x"}),
    ("a picture with an escape", {"test/1/\x1b[2J.png": b"x"}),
    ("a picture of no UTF-8", {"test/1/\udcff.png": b"x"}),
    ("a gif", {"test/1/a.gif": b"GIF89a"}),
    ("a picture without a class", {"test/a.png": png(8, 8, ROWS)}),
    ("a hidden file", {"test/1/.a.png": b"x"}),
    ("a text beside", {"test/1/a.txt": b"x"}),
    ("a small picture", {P: png(1, 1, zlib.compress(b"\0\0"))}),
    ("a dot folder", {"test/.x/a.png": b"x"}),
    ("EPS in a .png",
     {P: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(../executed) (w) file\n"}),
    ("a ppm of 10**9 columns", {"test/1/a.ppm": b"P6 1000000000 1000000000 255\n" + bytes(100)}),
    ("a ppm that is text", {"test/1/a.ppm": b"P3 8 8 255\n" + b"999999999999 " * 192}),
    ("a pgm of 10**30", {"test/1/a.ppm": b"P5 8 8 " + b"9" * 30 + b"\n" + bytes(64)}),
)  # fmt: skip
