"""Films for tests, whose damage can be seen."""

import av

__all__ = ["film"]


def film(path, images):
    """Write ``images`` without loss."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=10)
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = "bgr0"
        stream.options = {"level": "3", "slicecrc": "1"}  # of FFV1: damage is seen
        for image in images:
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path
