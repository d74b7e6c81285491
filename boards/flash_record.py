"""What an image of a flash says of itself, behind all that the board reads."""

from __future__ import annotations

import hashlib

from fq_hw.errors import ArtifactError, require

__all__ = ["record_in", "with_record"]

END = b"fq-hw flash image\n"  # the image's last bytes
DIGEST_BYTES, LENGTH_BYTES = 32, 4
TAIL_BYTES = DIGEST_BYTES + LENGTH_BYTES + len(END)


def with_record(image: bytes, record: bytes) -> bytes:
    """``image``, then ``record``, a digest over both, and the record's length."""
    digest = hashlib.sha256(image + record).digest()
    return image + record + digest + len(record).to_bytes(LENGTH_BYTES, "little") + END


def record_in(image: bytes, where: str) -> bytes:
    """The record of an image that ``with_record`` made.

    Raises ArtifactError, beginning with ``where``, for any other and where a bit has changed.
    """
    contract = "is no image of a flash that `fq-hw build --replaceable` wrote"
    hint = "--sequential, --replaceable and an ice40 board give one"
    ours = image.endswith(END) and len(image) >= TAIL_BYTES
    require(ours, where, contract, hint=hint, kind=ArtifactError)
    body, tail = image[:-TAIL_BYTES], image[-TAIL_BYTES:]
    length = int.from_bytes(tail[DIGEST_BYTES:][:LENGTH_BYTES], "little")
    whole = hashlib.sha256(body).digest() == tail[:DIGEST_BYTES] and length <= len(body)
    require(whole, where, "is damaged", hint="build it again", kind=ArtifactError)
    return body[len(body) - length :]
