"""One picture file as pixels: what Pillow reads, with the cases that it would get wrong.

Grey and colour of 8 or 16 bits, palettes and CMYK are read; a camera's turn of the picture (EXIF)
is applied. What would need a guess is refused by name: transparency (which background?), several
frames (which one?), files that are cut short.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np

from fq_hw.errors import ArtifactError, FqHwError, require
from fq_hw.files import check_file

__all__ = ["SUFFIXES", "UNREAD", "as_image", "decode_picture", "read_picture"]

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".webp")
UNREAD = (".avif", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg", ".tif", ".tiff")
FORMATS = ("BMP", "JPEG", "PNG", "PPM", "WEBP")
MOST_BYTES = 256 * 2**20
MOST_PIXELS = 2**25  # 16 bits each of three colours take 600 MB for a moment
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I")


def read_picture(path: Path, image: tuple[int, int, int]) -> np.ndarray:
    """One picture as uint8 of ``image``: height, width, and 1 (grey, by luma) or 3 (RGB) colours.

    A picture of another size is stretched to this one (Lanczos). Values of 16 bits are divided by
    257 and rounded; CMYK is converted as R = (1 - C)(1 - K).
    Raises ArtifactError, naming the file, for one that is damaged or would need a guess.
    """
    check_file(path, f"data {path}", most=MOST_BYTES)
    return decode_picture(path, image, f"data {path}")


def decode_picture(source: Path | bytes, image: tuple[int, int, int], where: str) -> np.ndarray:
    """The same of a file's content; errors begin with ``where``."""
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():  # of damaged notes, in lines that are not ours
            warnings.simplefilter("ignore")
            return as_image(eight_bits(source, where), image)
    except FqHwError:
        raise
    except UnidentifiedImageError as error:
        message = f"{where}: not a readable picture (none of {', '.join(FORMATS)})"
        raise ArtifactError(message) from error
    except Exception as error:  # a damaged picture raises nearly anything
        raise ArtifactError(f"{where}: not a readable picture ({error})") from error


def as_image(picture, image: tuple[int, int, int]) -> np.ndarray:
    """A picture of Pillow in its mode L or RGB as uint8 of ``image``, as ``read_picture`` says."""
    from PIL import Image

    height, width, colours = image
    picture = picture.convert("L" if colours == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(image)


def eight_bits(source: Path | bytes, where: str):
    """The picture as it is seen, in Pillow's mode L or RGB."""
    from PIL import Image

    picture, packed = upright(source, where)
    mode, clear = picture.mode, picture.has_transparency_data
    if packed in ("RGB;16B", "RGBA;16B"):  # of which Pillow keeps the upper bytes alone
        lower = packed.replace("16B", "16L")  # which are the upper ones there
        low, _ = upright(source, where, lower)
        values = np.asarray(picture) * np.uint16(256) + np.asarray(low)
        refuse_clear(where, clear and not opaque(values, picture.info.get("transparency")))
        return Image.fromarray(in_bytes(values[..., :3]))
    if mode in ("I;16", "I"):
        values = np.asarray(picture).astype(np.uint16)
        refuse_clear(where, clear and not opaque(values, picture.info.get("transparency")))
        return Image.fromarray(in_bytes(values))
    if clear:
        picture = picture.convert("RGBA")
        least, _ = picture.getchannel("A").getextrema()
        refuse_clear(where, least < 255)
    return picture.convert("L" if mode in ("1", "L") and not clear else "RGB")


def upright(source: Path | bytes, where: str, packed: str | None = None):
    """The picture, turned as its EXIF says, and how its file packs pixels, or is to be read."""
    from PIL import Image, ImageOps

    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(opened, formats=FORMATS) as file:
        contract = f"a picture has at most {MOST_PIXELS:,} pixels"
        pixels = file.width * file.height
        hint = "make it smaller"
        require(pixels <= MOST_PIXELS, where, contract, pixels, hint=hint,
                kind=ArtifactError)  # fmt: skip
        frames = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)  # MPO: a phone's
        # picture, with smaller ones behind it
        contract = f"is an animation of {frames} pictures"
        hint = "save one of them as a picture"
        require(frames == 1, where, contract, hint=hint, kind=ArtifactError)
        contract = "must be grey, RGB, CMYK or of a palette"
        known = file.mode in MODES
        require(known, where, contract, file.mode, hint=REMEDY, kind=ArtifactError)
        if packed is not None:
            file.tile = [tile._replace(args=packed) for tile in file.tile]
        found = file.tile[0].args if file.tile else None
        contract = "16-bit grey with an alpha channel is not read"
        require(found != "LA;16B", where, contract, hint=REMEDY, kind=ArtifactError)
        return ImageOps.exif_transpose(file), found


REMEDY = "save it as a plain RGB or grey picture"


def in_bytes(values: np.ndarray) -> np.ndarray:
    """Values of 0..65535 as bytes: v / 257, rounded."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def opaque(values: np.ndarray, key: int | tuple | None) -> bool:
    """Whether 16-bit values have full alpha, or no pixel of the colour ``key`` that is clear."""
    if key is None:
        return bool((values[..., 3] == 65535).all())
    same = values == np.asarray(key, np.uint16)
    return not (same.all(-1) if values.ndim == 3 else same).any()


def refuse_clear(where: str, clear: bool) -> None:
    """Refuse a picture with transparent pixels: what is behind them is not known."""
    hint = "save it without transparency, on the background that the camera would see"
    contract = "has transparent pixels, and nothing says what is behind them"
    require(not clear, where, contract, hint=hint, kind=ArtifactError)
