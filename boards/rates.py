"""Frames/s of an accelerator on a board: what its core does at a clock, what its link carries."""

from __future__ import annotations

from dataclasses import dataclass

from boards.protocol import BAUD, BITS_PER_BYTE, Info, exchange_bytes
from fq_hw.schedule.plan import Plan

__all__ = ["LinkRate", "core_rate", "info_of", "link_rate"]


@dataclass(frozen=True)
class LinkRate:
    """Frames/s through the serial link: ``baud`` / 10 / bytes of a frame's request and reply."""

    baud: int
    bytes_per_frame: int

    @property
    def frames_per_second(self) -> float:
        """The most there can be: nobody pauses between packets."""
        return self.baud / BITS_PER_BYTE / self.bytes_per_frame


def info_of(plan: Plan) -> Info:
    """What the shell around an accelerator of ``plan`` says of it."""
    height, width, colours = plan.image
    result = plan.result
    memory = plan.sdram
    return Info(
        pixels=height * width,
        colours=colours,
        classes=result.classes,
        best=result.best,
        label_bytes=max(1, -(-result.label_bits // 8)),
        score_bytes=max(1, -(-result.score_bits // 8)),
        load_words=memory.pieces if memory else 0,
    )


def link_rate(plan: Plan, baud: int = BAUD) -> LinkRate:
    """What a UART of ``baud`` carries of the frames of ``plan``."""
    return LinkRate(baud, exchange_bytes(info_of(plan)))


def core_rate(clock_mhz: float, cycles_per_frame: int) -> float:
    """Frames/s of a core that takes a frame every ``cycles_per_frame`` cycles."""
    return clock_mhz * 1e6 / cycles_per_frame
