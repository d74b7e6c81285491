"""One picture: depths, palettes, transparency, turns, frames, damage; right or refused by name."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from fq_hw.data.picture import read_picture
from fq_hw.errors import ArtifactError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 4, 3), np.uint8)
GREY = RNG.integers(0, 256, (6, 4), np.uint8)
DEEP = RNG.integers(0, 65536, (6, 4, 4)).astype(np.uint16)
ALPHA = np.uint16(65535)


def png16(values, colour_type, key=b""):
    """A PNG of 16 bits, as scientific cameras write it; ``key``: the colour that is clear."""

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    clear = chunk(b"tRNS", key) if key else b""
    body = clear + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + body


@pytest.fixture
def read(tmp_path):
    """Write a picture (of Pillow, or bytes) and read it."""

    def run(picture, suffix="png", image=(6, 4, 3), **options):
        file = tmp_path / f"x.{suffix}"
        if isinstance(picture, bytes):
            file.write_bytes(picture)
        else:
            picture.save(file, **options)
        return read_picture(file, image)

    return run


@pytest.fixture
def refusal(read, tmp_path):
    def run(picture, suffix="png", **options):
        with pytest.raises(ArtifactError) as caught:
            read(picture, suffix, **options)
        message = str(caught.value)
        assert message.startswith(f"data {tmp_path}/x.{suffix}: ") and "\n" not in message
        return message.removeprefix(f"data {tmp_path}/x.{suffix}: ")

    return run


def luma(colour):
    """ITU-R 601, in the integers that Pillow uses."""
    red, green, blue = np.moveaxis(colour.astype(int), -1, 0)
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


def rounded(values):
    return np.rint(values / 257).astype(np.uint8)


def test_colour_and_grey(read):
    colour, grey = Image.fromarray(COLOUR), Image.fromarray(GREY)
    np.testing.assert_array_equal(read(colour), COLOUR)
    np.testing.assert_array_equal(read(grey), np.repeat(GREY[..., None], 3, 2))
    np.testing.assert_array_equal(read(grey, image=(6, 4, 1)), GREY[..., None])
    np.testing.assert_array_equal(read(colour, image=(6, 4, 1))[..., 0], luma(COLOUR))


def test_a_bit_a_pixel(read):
    black = Image.fromarray(GREY > 99)
    assert black.mode == "1"
    np.testing.assert_array_equal(read(black)[..., 1], 255 * (GREY > 99))


@pytest.mark.parametrize("image", [(6, 4, 3), (6, 4, 1)], ids=str)
def test_a_palette_is_its_colours(read, image):
    indexed = Image.fromarray(GREY % 7).convert("L")
    indexed.putpalette([0, 0, 0, 9, 200, 31, 255, 0, 0, 1, 2, 3, 77, 88, 99, 0, 255, 0, 5, 5, 6])
    colours = np.array(indexed.getpalette(), np.uint8).reshape(-1, 3)[GREY % 7]
    want = colours if image[2] == 3 else luma(colours)[..., None]
    np.testing.assert_array_equal(read(indexed, image=image), want)


def test_grey_of_16_bits_is_scaled(read):
    grey = DEEP[..., 0]
    np.testing.assert_array_equal(read(png16(grey, 0))[..., 2], rounded(grey))
    np.testing.assert_array_equal(read(png16(grey, 0), image=(6, 4, 1))[..., 0], rounded(grey))
    pgm = b"P5 4 6 65535\n" + grey.astype(">u2").tobytes()
    np.testing.assert_array_equal(read(pgm, "pgm")[..., 0], rounded(grey))


def test_colour_of_16_bits_is_scaled(read):
    np.testing.assert_array_equal(read(png16(DEEP[..., :3], 2)), rounded(DEEP[..., :3]))
    whole = DEEP.copy()
    whole[..., 3] = ALPHA
    np.testing.assert_array_equal(read(png16(whole, 6)), rounded(DEEP[..., :3]))


@pytest.mark.parametrize("value", [0, 128, 129, 385, 386, 65406, 65407, 65535])
def test_16_bits_are_rounded(read, value):
    grey = np.full((6, 4), value, np.uint16)
    assert (read(png16(grey, 0)) == round(value / 257)).all()


CLEAR = "has transparent pixels, and nothing says what is behind them; save it without "


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_opaque_alpha_channel_is_left_out(read, refusal, mode, suffix):
    if (mode, suffix) == ("LA", "webp"):
        pytest.skip("WebP has no grey")
    image = Image.fromarray(COLOUR).convert(mode)
    want = np.asarray(Image.fromarray(COLOUR).convert("L").convert("RGB" if mode == "LA" else "L"))
    got = read(image, suffix, lossless=True)
    np.testing.assert_array_equal(got, COLOUR if mode == "RGBA" else want)
    image.putpixel((2, 3), (*image.getpixel((2, 3))[:-1], 254))
    assert refusal(image, suffix, lossless=True).startswith(CLEAR)


def test_a_colour_of_the_palette_may_be_clear(read, refusal):
    indexed = Image.fromarray(GREY % 7).convert("L")
    indexed.putpalette(list(range(24)))
    assert read(indexed, transparency=7).shape == (6, 4, 3)  # which no pixel has
    assert refusal(indexed, transparency=int(GREY[1, 1] % 7)).startswith(CLEAR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's, of a palette with alphas
        assert read(indexed, transparency=b"\xff" * 8).shape == (6, 4, 3)
    assert refusal(indexed, transparency=b"\xff\x00" * 4).startswith(CLEAR)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_one_colour_may_be_clear(read, refusal, mode):
    image = Image.fromarray(COLOUR).convert(mode)
    used, other = image.getpixel((1, 1)), (1, 2, 3)
    if mode == "L":
        other = next(n for n in range(256) if n not in np.asarray(image))
    assert read(image, transparency=other).shape == (6, 4, 3)
    assert refusal(image, transparency=used).startswith(CLEAR)


def test_pixels_of_16_bits_may_be_clear(read, refusal):
    assert refusal(png16(DEEP, 6)).startswith(CLEAR)
    grey, colour = DEEP[..., 0], DEEP[..., :3]
    key = struct.pack(">H", grey[2, 2])
    assert refusal(png16(grey, 0, key)).startswith(CLEAR)
    key = struct.pack(">3H", *colour[2, 2])
    assert refusal(png16(colour, 2, key)).startswith(CLEAR)
    key = struct.pack(">3H", *(colour[2, 2] ^ 1))  # the same in the upper bytes
    np.testing.assert_array_equal(read(png16(colour, 2, key)), rounded(colour))


def test_refuses_grey_of_16_bits_with_alpha(refusal):
    message = refusal(png16(DEEP[..., :2], 4))
    assert message.startswith("16-bit grey with an alpha channel is not read; save it as")


TURNS = {  # EXIF orientation: how to undo it, as the standard says
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_picture_is_turned_as_its_camera_says(read, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    want = TURNS[turn](COLOUR)
    got = read(Image.fromarray(COLOUR), image=want.shape, exif=exif)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("tone", [0, 90, 255])
def test_cmyk(read, tone):
    """Of JPEG, whose inks are stored inverted; black ink alone, then cyan alone."""
    black = np.zeros((6, 4, 4), np.uint8)
    black[..., 3] = 255 - tone
    got = read(Image.fromarray(black, "CMYK"), "jpg", quality=100)
    assert np.abs(got.astype(int) - tone).max() <= 2
    cyan = np.zeros((6, 4, 4), np.uint8)
    cyan[..., 0] = 255 - tone
    got = read(Image.fromarray(cyan, "CMYK"), "jpg", quality=100)
    assert np.abs(got.astype(int) - (tone, 255, 255)).max() <= 2


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_refuses_an_animation(refusal, suffix):
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 100}
    message = refusal(frames[0], suffix, **options)
    assert message == "is an animation of 2 pictures; save one of them as a picture"


def test_the_first_picture_of_a_phone_file(read, tmp_path):
    """Phones put a small picture, or a map of its lights, behind the picture (MPO)."""
    frames = [Image.fromarray(np.full((6, 4, 3), tone, np.uint8)) for tone in (200, 40)]
    file = io.BytesIO()
    frames[0].save(file, "MPO", save_all=True, append_images=frames[1:])
    assert np.abs(read(file.getvalue(), "jpg").astype(int) - 200).max() <= 2


def test_another_size_is_stretched(read):
    flat = Image.fromarray(np.full((13, 7, 3), (9, 99, 199), np.uint8))
    assert (read(flat) == (9, 99, 199)).all()
    want = Image.fromarray(COLOUR).resize((5, 9), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(read(Image.fromarray(COLOUR), image=(9, 5, 3)), want)


def test_refuses_other_pixels(refusal):
    pfm = b"Pf\n4 6\n-1.0\n" + np.zeros(24, np.float32).tobytes()
    message = refusal(pfm, "ppm")
    assert message.startswith("must be grey, RGB, CMYK or of a palette (got 'F'); save it as")


def png():
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8)).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"hello",
        png()[:40],
        png()[:-200],
        png()[:12] + b"IHDX" + png()[16:],
        b"BM" + png(),
        b"P6 1?6 16 255 " + bytes(999),
        b"P6 99999 99999 255 " + bytes(999),
        png16(DEEP[..., :3], 2)[:-80],
        b"GIF89a" + bytes(99),
    ],
)
def test_refuses_a_damaged_picture(refusal, damaged):
    assert refusal(damaged).startswith("not a readable picture (")


def test_refuses_what_is_not_there(tmp_path):
    with pytest.raises(ArtifactError, match=r"none.png: there is no such file"):
        read_picture(tmp_path / "none.png", (6, 4, 3))


def test_refuses_a_pipe_and_too_many_pixels(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ArtifactError, match=r"pipe.png: is a pipe, not a file$"):
        read_picture(tmp_path / "pipe.png", (6, 4, 3))
    Image.new("L", (5, 5)).save(tmp_path / "large.png")
    monkeypatch.setattr("fq_hw.data.picture.MOST_PIXELS", 24)
    with pytest.raises(ArtifactError, match=r"large.png: a picture has at most 24 pixels \(got 25"):
        read_picture(tmp_path / "large.png", (6, 4, 3))


def png_of(width, height, *more):
    """A PNG that says it has so many pixels, with ``more`` chunks and no pixel."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n"
    for name, content in ((b"IHDR", head), *more, (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        check = zlib.crc32(name + content)
        raw += struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
    return raw


BOMBS = {
    "a large picture": (png_of(9_000, 9_000), "a picture has at most 33,554,432 pixels (got 81000"),
    "one that Pillow warns of": (png_of(12_000, 9_000), "a picture has at most 33,554,432 pixels"),
    "one that it refuses": (png_of(2**20, 2**20), "not a readable picture (Image size"),
    "deep pixels": (b"P5 9000 9000 65535\n", "a picture has at most 33,554,432 pixels (got 81000"),
    "a text": (png_of(4, 6, (b"zTXt", b"a\0\0" + zlib.compress(bytes(2**22)))), "not a readable p"),
    "a script": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 6\n(x) run", "not a readable pic"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a readable picture ("),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_refuses_bombs(refusal, case, recwarn):
    content, message = BOMBS[case]
    assert refusal(content).startswith(message)
    assert not recwarn.list


def test_damaged_notes_are_not_talked_about(read, recwarn):
    """Pillow warns, in several lines, of EXIF that is cut short."""
    file, cut = io.BytesIO(), b"Exif\0\0MM\0*\0\0\0\x08\0\x09\1\2\0\1\xff\xff"
    Image.fromarray(COLOUR).save(file, "jpeg", exif=cut)
    assert read(file.getvalue(), "jpg").shape == (6, 4, 3)
    assert not recwarn.list
