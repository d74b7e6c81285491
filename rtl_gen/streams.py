"""Streams as components see them: an array of lanes with valid and ready; and plain ports."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Module, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In

from fq_hw.schedule.units import Beat, Rom, in_block_ram

__all__ = ["memory_style", "passed_on", "payload", "signature", "wire"]


def payload(beat: Beat) -> data.Layout:
    """Layout of a beat: lane 0 in the lowest bits; where there are blanks, {lanes, blanks}."""
    lanes = data.ArrayLayout((signed if beat.signed else unsigned)(beat.bits), beat.lanes)
    if not beat.blanks:
        return lanes
    return data.StructLayout({"lanes": lanes, "blanks": unsigned(beat.blanks)})


def signature(beat: Beat) -> stream.Signature:
    """Stream of such beats."""
    return stream.Signature(payload(beat))


def wire(m: Module, given: wiring.PureInterface, taken: wiring.PureInterface) -> None:
    """Wire one stream to another; layouts may differ in how they name the same bits."""
    m.d.comb += [
        taken.valid.eq(given.valid),
        Value.cast(taken.payload).eq(given.payload),
        given.ready.eq(taken.ready),
    ]


def passed_on(
    inner: wiring.Component, outer: wiring.Component, members: Mapping[str, wiring.Member]
) -> list:
    """``members`` of ``inner`` that are no streams: in from those of ``outer``, or out to them."""
    ports = [(getattr(inner, name), getattr(outer, name), members[name].flow) for name in members]
    return [own.eq(other) if flow is In else other.eq(own) for own, other, flow in ports]


def memory_style(depth: int, width: int, rom: Rom = Rom.BY_SIZE) -> dict[str, str]:
    """Attributes that send a memory where the unit's estimate expects it."""
    if rom is Rom.LOGIC:
        return {"ram_style": "logic"}
    return {"ram_style": "block"} if in_block_ram(depth, width) else {}
