"""Films, read as their pictures were written, and refused where FFmpeg would guess."""

import av
import numpy as np
import pytest
from films import film

from fq_hw.data.video import frames, is_camera
from fq_hw.errors import ArtifactError

SIZE = (24, 32, 3)


def pictures(count=5, size=SIZE):
    dice = np.random.default_rng(3)
    return dice.integers(0, 256, (count, *size), np.uint8)


def sound(path):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        silence.rate = 8000
        for packet in stream.encode(silence):
            file.mux(packet)
    return path


def test_every_picture_as_it_was_written(tmp_path):
    images = pictures()
    assert np.array_equal(list(frames(film(tmp_path / "a.mkv", images), SIZE)), images)


def test_of_another_size_as_a_file_of_one(tmp_path):
    from PIL import Image

    from fq_hw.data.picture import read_picture

    image = pictures(1, (48, 50, 3))
    Image.fromarray(image[0]).save(tmp_path / "a.png")
    for colours in (1, 3):
        size = (10, 12, colours)
        found = list(frames(film(tmp_path / "a.mkv", image), size))
        assert np.array_equal(found, [read_picture(tmp_path / "a.png", size)])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_film_is_seen_upright(quarters, tmp_path, monkeypatch):
    images = pictures(2, (24, 24, 3))
    path = film(tmp_path / "a.mkv", images)
    turned = [np.rot90(image, quarters) for image in images]

    class Turned:
        """A picture of a phone, whose file says how far it is turned."""

        is_corrupt, rotation = False, 90 * quarters

        def __init__(self, frame):
            self.to_image = frame.to_image

    decode = av.container.InputContainer.decode
    opened = av.open

    class Opened:
        def __init__(self, *args, **how):
            self.file = opened(*args, **how)
            self.streams = self.file.streams

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def decode(self, stream):
            return map(Turned, decode(self.file, stream))

    monkeypatch.setattr(av, "open", Opened)
    assert np.array_equal(list(frames(path, (24, 24, 3))), turned)


def test_damage_is_told_and_not_covered_up(tmp_path):
    images = pictures(8)
    whole = film(tmp_path / "a.avi", images).read_bytes()
    path = tmp_path / "b.avi"
    hidden = 0
    for at in range(len(whole) // 2, len(whole) // 2 + 40):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = list(frames(path, SIZE))
        except ArtifactError as error:
            assert str(error).startswith(f"video {path}: ") and str(error).isprintable()
        else:
            hidden += not np.array_equal(found, images)
    assert hidden == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path, "there is no such file or device"),
        (lambda path: path.mkdir() or path, "there is no such file or device"),
        (sound, "has no video"),
        (lambda path: path.write_bytes(b"no film") and path, "cannot be read at picture 0 ("),
        (lambda path: path.write_bytes(b"") and path or path, "cannot be read at picture 0 ("),
        (
            lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n") and path,
            "cannot be read at picture 0 (",
        ),
    ],
    ids=["none", "folder", "sound", "text", "empty", "playlist"],
)
def test_refusals_name_the_file(make, said, tmp_path):
    path = make(tmp_path / "a.wav")
    with pytest.raises(ArtifactError) as caught:
        list(frames(path, SIZE))
    assert str(caught.value).startswith(f"video {path}: {said}")


def test_a_camera_is_a_device(tmp_path):
    from pathlib import Path

    assert is_camera(Path("/dev/null"))
    assert not is_camera(tmp_path) and not is_camera(tmp_path / "none")
    with pytest.raises(ArtifactError, match="^video /dev/null: cannot be read at picture 0"):
        list(frames(Path("/dev/null"), SIZE))
