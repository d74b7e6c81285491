"""A board's top in Verilator, spoken to through the pins of its Ethernet PHY, frame by frame."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

from fq_hw.errors import SimulationError, require
from sim import verilator
from sim.live import LiveSimulation

__all__ = ["CYCLE_S", "EthernetWire", "build"]

BENCH = Path(__file__).with_name("ethernet_bench.sv")
WHERE = "rtl-sim through the Ethernet pins"
CYCLE_S = 8e-9
END, RUN = 0x100, 0x10000  # words of the bench beside bytes
PREAMBLE = b"\x55" * 7 + b"\xd5"
CRC_BYTES = 4


def build(verilog: str, half_ns: int, folder: Path, brief: bool = False) -> Path:
    """Compile the module ``top`` (clk, rst, and the pins of ``EthernetShell``).

    half_ns  half a cycle of the design's clock; ``brief`` as in ``verilator``
    """
    bench = f"`define HALF {half_ns}\n" + BENCH.read_text()
    sources = {"ethernet_bench.sv": bench, "top.v": verilog}
    return verilator.build(sources, "ethernet_bench", folder, brief)


class EthernetWire(LiveSimulation):
    """The wire's other end: frames without preamble and CRC, on a simulation that runs on call.

    folder  gets a pipe, by which the simulation hears us
    now     cycles of 125 MHz that have passed
    """

    def __init__(self, program: Path, folder: Path):
        super().__init__(program, folder)
        self.now = 0
        self.hear()  # the reset is over

    def step(self, cycles: int, frames: Iterable[bytes] = ()) -> list[tuple[int, bytes]]:
        """Let ``cycles`` pass, while ``frames`` and what is left of earlier ones go to the board.

        Returns what the board has sent, each with the cycle in which it ended. Raises
        SimulationError where that is no frame with a right CRC.
        """
        return self.step_raw(cycles, map(self.checked, frames))

    def checked(self, frame: bytes) -> bytes:
        """``frame`` with its CRC."""
        return frame + zlib.crc32(frame).to_bytes(CRC_BYTES, "little")

    def step_raw(self, cycles: int, frames: Iterable[bytes]) -> list[tuple[int, bytes]]:
        """The same of frames with their CRCs, right or wrong."""
        self.say([word for frame in frames for word in (*frame, END)] + [RUN + cycles])
        return self.hear()

    def hear(self) -> list[tuple[int, bytes]]:
        """What comes until the cycles are over."""
        found = []
        while True:
            line = self.lines.get()
            match line.split():
                case ["frame", text, at]:
                    found.append((int(at), whole(bytes.fromhex(text))))
                case ["at", now]:
                    self.now = int(now)
                    return found
                case _:
                    contract = "the simulator must go on, and the board send whole frames"
                    require(False, WHERE, contract, line, kind=SimulationError)


def whole(raw: bytes) -> bytes:
    """A frame without its preamble and CRC. Raises SimulationError where they are not right."""
    frame, check = raw[len(PREAMBLE) : -CRC_BYTES], raw[-CRC_BYTES:]
    right = raw.startswith(PREAMBLE) and zlib.crc32(frame) == int.from_bytes(check, "little")
    require(right, WHERE, "a frame must have its preamble and CRC", raw.hex(), kind=SimulationError)
    return frame
