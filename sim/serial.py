"""A board's top in Verilator, spoken to through its UART pins, bit by bit.

``SerialPort`` is what ``boards.link.Link`` talks to, so that the host's driver is the same for the
simulation and for the board.
"""

from __future__ import annotations

import re
from pathlib import Path

from fq_hw.errors import SimulationError, require
from fq_hw.files import write_text
from sim import verilator

__all__ = ["SerialPort", "build"]

BENCH = Path(__file__).with_name("serial_bench.sv")
WHERE = "rtl-sim through the UART"
ANSWER, PAUSE = 0x100, 0x101  # words of the bench beside bytes


def build(verilog: str, divisor: int, folder: Path, brief: bool = False) -> Path:
    """Compile the module ``top`` (clk, rst, rx, tx); ``divisor`` is the cycles of a bit.

    ``brief`` as in ``verilator``.
    """
    bench = f"`define DIVISOR {divisor}\n" + BENCH.read_text()
    sources = {"serial_bench.sv": bench, "top.v": verilog}
    return verilator.build(sources, "serial_bench", folder, brief)


class SerialPort:
    """A port with ``write`` and ``read``, as pyserial's, on a simulation.

    Each read after a write runs the whole conversation again from reset, so that the board's state
    is what that history made it. ``gap`` is how many quiet cycles end an answer: more than the
    board ever thinks, and more than its idle time.
    """

    def __init__(self, program: Path, folder: Path, *, gap: int, limit: int):
        self.program, self.folder, self.gap, self.limit = program, folder, gap, limit
        self.words: list[int] = []
        self.heard, self.taken, self.cycles, self.stale = b"", 0, 0, False

    def write(self, data: bytes) -> int:
        """Send bytes once the answer to the bytes before has come."""
        self.words += [*data, ANSWER]
        self.stale = True
        return len(data)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes that the board has sent; none when it is silent."""
        if self.stale:
            self.run()
        found = self.heard[self.taken : self.taken + size]
        self.taken += len(found)
        return found

    def sleep(self, seconds: float) -> None:
        """Let the line be idle, for one gap."""
        self.words.append(PAUSE)

    def run(self) -> None:
        """Simulate the conversation so far."""
        script = self.folder / "serial.hex"
        write_text(script, "".join(f"{word:03x}\n" for word in self.words))
        options = {"in": script, "gap": self.gap, "limit": self.limit}
        said = verilator.run(self.program, options, WHERE)
        verdict = re.search(r"^(done|stuck) (\d+)$", said, re.MULTILINE)
        contract = "the simulator must give a verdict"
        require(verdict, WHERE, contract, said[-200:], kind=SimulationError)
        contract = "the board sent a byte without its stop bit"
        require("noise" not in said, WHERE, contract, kind=SimulationError)
        self.heard = bytes.fromhex("".join(re.findall(r"^byte (\w\w)$", said, re.M)))
        self.cycles, self.stale = int(verdict[2]), False
