"""Components that are no units: which of them are proven by themselves, and where the others are.

``NOT_ALONE`` names the rest, so that a new component is in one place or the other; a test holds
them to the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from amaranth.hdl import Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from boards.chunk_buffer import ChunkBuffer
from boards.packet import ReplySender, RequestReceiver
from boards.uart import UartReceiver
from prove.circuit import DATA, Bench, graphs
from prove.induct import induction
from prove.table import Proof
from rtl_gen.skid_buffer import SkidBuffer

__all__ = ["ALONE", "NOT_ALONE", "around", "prove"]

ALONE: Mapping[str, Callable[[], wiring.Component]] = {
    "SkidBuffer": lambda: SkidBuffer(data.ArrayLayout(unsigned(3), 2)),
    "UartReceiver": lambda: UartReceiver(5),
    "RequestReceiver": lambda: RequestReceiver(3, 2, loads=True),
    "RequestReceiver patient": lambda: RequestReceiver(3, 2, patient=True),
    "ReplySender": lambda: ReplySender(),
    "ChunkBuffer": lambda: ChunkBuffer(pixels=6, colours=2, chunk=4),
    "ChunkBuffer several": lambda: ChunkBuffer(pixels=3, colours=1, chunk=2, several=True),
}
UNIT = "part of a unit, whose streams are proven"
SHELL = "made of parts that are proven; its own streams are theirs"
PINS = "has pins or single signals, and no stream"
WIDE = "not proven: simulated on a bad line and under stalls"
NOT_ALONE = {
    "UartTransmitter": "gives no stream",
    "Segment": SHELL, "Trunk": UNIT, "SinglePort": UNIT, "SumOutput": UNIT,
    "BankLoader": UNIT, "BankUnloader": UNIT, "TrunkPort": UNIT, "TrunkBuffer": UNIT,
    "Banks": UNIT, "Sequencer": UNIT, "Dots": UNIT, "Requests": UNIT, "ReadPipe": UNIT,
    "DotProduct": "no stream: prove.sums", "SlotController": "no stream: prove.sdram",
    "UnitComponent": "the base of units", "Ring": "in SdramWords, whose level tests watch",
    "Wishbone": WIDE, "ResultOutput": WIDE, "FrameInput": WIDE, "AxiStream": WIDE,
    "SdramCore": SHELL, "ByteLink": "the base of links", "Harness": SHELL, "ArrayAlone": SHELL,
    "SpiCore": PINS, "FlashCore": SHELL, "FlashLoader": WIDE, "EthernetShell": SHELL,
    "FrameReceiver": PINS, "Window": PINS, "FrameSender": WIDE, "RgmiiEcp5": PINS, "Shell": SHELL,
    "SdramPads": PINS, "DoublePads": PINS, "PackageTop": SHELL, "UsbShell": SHELL,
    "UsbDevice": PINS, "BitReceiver": PINS, "PacketReceiver": PINS, "ControlRequests": PINS,
    "PacketSender": PINS,
}  # fmt: skip


def around(part: wiring.Component) -> Bench:
    """``part`` between lawful streams; its single inputs may be anything in every cycle."""
    bench = Bench()
    bench.m.submodules.part = part
    for name, member in part.signature.members.items():
        face = getattr(part, name)
        if member.is_port:
            if member.flow is In:
                bench.m.d.comb += Value.cast(face).eq(bench.free(name, len(Value.cast(face))))
        elif member.flow is In:
            bench.feed(name, face)
        elif not member.signature.always_ready:
            bench.take(name, face, both=True)
    return bench


def prove(name: str, part: wiring.Component, folder: Path) -> Iterator[Proof]:
    """Valid and payload of its streams hold until taken. Raises BrokenError."""
    bench, key = around(part), name.replace(" ", "_").lower()
    graphs({key: bench}, folder, [DATA])
    what = "valid and payload hold until taken"
    yield Proof(what, name, "induction", str(induction(key, folder)))
