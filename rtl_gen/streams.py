"""Streams as components see them: an array of lanes with valid and ready."""

from __future__ import annotations

from amaranth.hdl import Module, Value, signed, unsigned
from amaranth.lib import data, stream, wiring

from fq_hw.schedule.units import Beat, Rom, in_block_ram

__all__ = ["memory_style", "payload", "signature", "wire"]


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


def memory_style(depth: int, width: int, rom: Rom = Rom.BY_SIZE) -> dict[str, str]:
    """Attributes that send a memory where the unit's estimate expects it."""
    if rom is Rom.LOGIC:
        return {"ram_style": "logic"}
    return {"ram_style": "block"} if in_block_ram(depth, width) else {}
