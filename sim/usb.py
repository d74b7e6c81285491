"""A board's top in Verilator, spoken to through its USB pins, packet by packet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fq_hw.errors import SimulationError, require
from sim import verilator
from sim.live import LiveSimulation
from sim.usb_packets import BIT_PS, WHERE, J, packet_in, states_of

__all__ = ["UsbPins", "build"]

BENCH = Path(__file__).with_name("usb_bench.sv")
LISTEN = 1 << 38
LEAST_BITS, MOST_BITS = 2, 6.5  # of idle before a board answers (7.1.18.1)
LOST_BITS = 18  # after which a host gives up (7.1.19.1)
LONGEST_BITS = 1000  # of a packet


def build(verilog: str, half_ps: int, folder: Path, brief: bool = False) -> Path:
    """Compile the module ``top`` (clk, rst, and the pins of ``boards.usb.top.UsbShell``).

    half_ps  half a cycle of the design's clock; ``brief`` as in ``verilator``
    """
    bench = f"`define HALF {half_ps}\n" + BENCH.read_text()
    return verilator.build({"usb_bench.sv": bench, "top.v": verilog}, "usb_bench", folder, brief)


class UsbPins(LiveSimulation):
    """The pins, on a simulation that runs while there is something to do.

    folder   gets a pipe, by which the simulation hears us
    bit_ps   of the host, whose clock may be 0.25 % off
    now      cycles of 48 MHz that have passed
    """

    def __init__(self, program: Path, folder: Path, *, bit_ps: float = BIT_PS):
        self.bit_ps, self.now, self.at = bit_ps, 0, 0.0
        super().__init__(program, folder)
        self.listen(0)  # it has opened the pipe

    def ps(self, bits: float) -> int:
        """So long in whole ps, without a sum of errors."""
        was, self.at = round(self.at), self.at + bits * self.bit_ps
        return round(self.at) - was

    def drive(self, states: Iterable[tuple[int, float]]) -> None:
        """Let the host drive the pins, each state for so many bit times."""
        self.say(state << 36 | self.ps(bits) for state, bits in states)

    def send(self, raw: bytes, idle_bits: float = 3) -> None:
        """A packet, behind some idle bit times."""
        self.drive([(J, idle_bits), *states_of(raw)])

    def listen(self, bits: float) -> list[tuple[int, int]]:
        """Let go for a while; returns what the pins were, and for how many ps."""
        self.say([LISTEN | self.ps(bits)])
        line = self.lines.get()
        contract = "the simulator must go on, and one end drive the pins at a time"
        fits = line.startswith("b ") and " e " in line
        require(fits, WHERE, contract, line, kind=SimulationError)
        runs, _, now = line[2:].partition(" e ")
        self.now = int(now)
        return [(int(pins), int(ps)) for pins, ps in (run.split(":") for run in runs.split())]

    def answer(self) -> bytes | None:
        """What the board answers to what was just sent; None where it says nothing.

        Raises SimulationError where that is no packet, or comes too early or too late.
        """
        runs = self.listen(LOST_BITS)
        if len(runs) == 1:
            return None
        (_, idle), *states, (last, _) = runs
        waited = 1 + idle / BIT_PS  # since J began at the host's end of packet
        contract = f"an answer must come within {LEAST_BITS}..{MOST_BITS} bit times"
        fits = LEAST_BITS <= waited <= MOST_BITS
        require(fits, WHERE, contract, round(waited, 2), kind=SimulationError)
        return packet_in([*states, (last, round(BIT_PS))])
