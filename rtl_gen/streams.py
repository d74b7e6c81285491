"""Streams as components see them: an array of lanes with valid and ready."""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, stream

from fq_hw.schedule.units import Beat

__all__ = ["payload", "signature"]


def payload(beat: Beat) -> data.ArrayLayout:
    """Layout of a beat: lane 0 in the lowest bits."""
    return data.ArrayLayout((signed if beat.signed else unsigned)(beat.bits), beat.lanes)


def signature(beat: Beat) -> stream.Signature:
    """Stream of such beats."""
    return stream.Signature(payload(beat))
