"""Frames/s of an accelerator on a board: what its core does at a clock, what its link carries."""

from __future__ import annotations

from dataclasses import dataclass

from boards.links import LinkKind, Uart
from boards.protocol import Info, reply_bytes, request_bytes
from fq_hw.schedule.plan import Plan

__all__ = ["LinkRate", "core_rate", "info_of", "link_rate"]


UART = Uart()


@dataclass(frozen=True)
class LinkRate:
    """What a link carries: ``name`` as people read it, bytes of a frame's request and reply."""

    name: str
    bytes_per_frame: int
    frames_per_second: float


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


def link_rate(plan: Plan, clock_mhz: float, link: LinkKind = UART) -> LinkRate:
    """What ``link`` carries of the frames of ``plan``, beside a design of ``clock_mhz``."""
    info = info_of(plan)
    rate = link.frames_per_second(info, clock_mhz * 1e6)
    return LinkRate(str(link), request_bytes(info) + reply_bytes(info), rate)


def core_rate(clock_mhz: float, cycles_per_frame: int) -> float:
    """Frames/s of a core that takes a frame every ``cycles_per_frame`` cycles."""
    return clock_mhz * 1e6 / cycles_per_frame
