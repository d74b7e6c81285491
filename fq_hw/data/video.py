"""A camera, or a file of a film, as pictures one behind the other.

FFmpeg reads both, by PyAV. What it would cover up is refused: it shows a damaged picture as a guess
from its neighbours.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fq_hw.data.picture import as_image
from fq_hw.errors import ArtifactError, FqHwError, ToolError, require
from fq_hw.files import check_path

__all__ = ["frames", "is_camera"]

ALONE = {"protocol_whitelist": "file"}  # a file that names others of the net is not followed there


def is_camera(source: Path) -> bool:
    """Whether ``source`` is a device, as /dev/video0: its pictures have no end."""
    return source.exists() and stat.S_ISCHR(source.stat().st_mode)


def frames(source: Path, image: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """Pictures of the first video of ``source``, uint8 of ``image`` each, until it ends.

    ``source`` is a file of any format that FFmpeg knows, or a device of Video4Linux. Each picture
    is turned upright as its file says, and brought to ``image`` as ``read_picture`` does.
    Raises ArtifactError, naming the source, where it has no video, cannot be opened or is damaged;
    ToolError where PyAV is missing.
    """
    try:
        import av
    except ImportError as error:
        message = "--video: needs PyAV; install it with: pip install -e '.[board]'"
        raise ToolError(message) from error

    where, camera = f"video {source}", is_camera(source)
    check_path(source, "video")
    there = source.is_file() or camera
    require(there, where, "there is no such file or device", kind=ArtifactError)
    number = 0
    try:
        how = "v4l2" if camera else None
        with av.open(f"{source.absolute()}", format=how, options=ALONE) as container:
            require(container.streams.video, where, "has no video", kind=ArtifactError)
            for picture in decoded(container, where, strict=not camera):
                yield as_image(picture, image)
                number += 1
    except FqHwError:
        raise
    except Exception as error:  # what PyAV does not understand raises nearly anything
        said = getattr(error, "strerror", None) or type(error).__name__
        raise ArtifactError(f"{where}: cannot be read at picture {number} ({said})") from error
    require(number > 0, where, "has no picture", kind=ArtifactError)


def decoded(container, where: str, strict: bool) -> Iterator:
    """Pictures of PyAV's ``container`` as Pillow has them, upright.

    Where FFmpeg complains of one, ``strict`` refuses it. Webcams give it reasons that do no harm.
    """
    import av.logging

    video = container.streams.video[0]
    video.codec_context.thread_count = 1  # what it says of a picture comes with that picture
    found = container.decode(video)
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        for number in itertools.count():
            with av.logging.Capture(local=True) as said:
                frame = next(found, None)
            damage = said[0][2].strip() if said else "damaged"
            whole = not strict or not said and (frame is None or not frame.is_corrupt)
            require(whole, where, f"picture {number}: {damage}", kind=ArtifactError)
            if frame is None:
                return
            picture = frame.to_image()  # is to be turned anticlockwise
            yield picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
    finally:
        av.logging.set_level(level)
