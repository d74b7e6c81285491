"""A board's top in Verilator, spoken to through its UART pins, bit by bit.

``SerialPort`` is what ``boards.link.Link`` talks to, so that the host's driver is the same for the
simulation and for the board; ``Terminal`` makes a device of it, which any program can open.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from fq_hw.errors import SimulationError, require
from sim import verilator
from sim.live import LiveSimulation

__all__ = ["SerialPort", "Terminal", "build"]

BENCH = Path(__file__).with_name("serial_bench.sv")
WHERE = "rtl-sim through the UART"
WAIT = 0x100  # a word of the bench beside bytes
QUIET_S = 1.0  # of a host that is busy with other things


def build(verilog: str, divisor: int, folder: Path, brief: bool = False) -> Path:
    """Compile the module ``top`` (clk, rst, rx, tx); ``divisor`` is the cycles of a bit.

    ``brief`` as in ``verilator``.
    """
    bench = f"`define DIVISOR {divisor}\n" + BENCH.read_text()
    sources = {"serial_bench.sv": bench, "top.v": verilog}
    return verilator.build(sources, "serial_bench", folder, brief)


class SerialPort(LiveSimulation):
    """A port with ``write`` and ``read``, as pyserial's, on a simulation that runs until ``close``.

    folder  gets a pipe, by which the simulation hears us
    gap     how many quiet cycles end an answer: more than the board ever thinks, and more than its
            idle time
    limit   the most cycles that one answer may take
    """

    def __init__(self, program: Path, folder: Path, *, gap: int, limit: int):
        super().__init__(program, folder, f"+gap={gap}", f"+limit={limit}")
        self.heard = bytearray()
        self.waits = 0  # that the simulation has not come to yet

    def close(self) -> None:
        """End the simulation, once it has come to the end of what was sent."""
        if self.thread.is_alive():  # it may not have opened the pipe yet
            self.sleep(0)
            self.read(0)
        super().close()

    def write(self, data: bytes) -> int:
        """Send bytes, and wait for the answer."""
        self.send([*data, WAIT])
        return len(data)

    def sleep(self, seconds: float) -> None:
        """Let the line be idle, for one gap."""
        self.send([WAIT])

    def send(self, words: list[int]) -> None:
        self.say(words)
        self.waits += 1

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes that the board has sent; none when it is silent."""
        while self.waits:
            line = self.lines.get()
            match line.split():
                case ["byte", byte]:
                    self.heard += bytes.fromhex(byte)
                case ["quiet"]:
                    self.waits -= 1
                case _:
                    contract = "the simulator must go on, and the board send whole bytes"
                    require(False, WHERE, contract, line, kind=SimulationError)
        found = bytes(self.heard[:size])
        del self.heard[:size]
        return found


class Terminal:
    """A SerialPort as a pseudo terminal at ``path``, until ``close``.

    whole  whether what was heard of the host is a whole request; time stands still on the board
           until it is, or the host has been silent for QUIET_S
    """

    def __init__(self, port: SerialPort, whole: Callable[[bytes], bool]):
        self.port, self.whole = port, whole
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)  # held open here, so that the host may open and close it at will
        self.path = os.ttyname(self.slave)
        self.ending, self.end = os.pipe()
        self.problem: SimulationError | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Raises SimulationError where the simulation had ended before."""
        os.write(self.end, b"x")
        self.thread.join()
        for end in (self.master, self.slave, self.ending, self.end):
            os.close(end)
        if self.problem:
            raise self.problem

    def run(self) -> None:
        """Requests to the simulation and its replies back, in a thread of its own."""
        request, wait = b"", None
        while True:
            ready, _, _ = select.select([self.master, self.ending], [], [], wait)
            if self.ending in ready:
                return
            if ready:
                request += os.read(self.master, 65_536)
            if ready and not self.whole(request):
                wait = QUIET_S
                continue
            try:
                self.port.write(request)
                while reply := self.port.read(4096):
                    os.write(self.master, reply)
            except SimulationError as error:
                self.problem = error
                return
            request, wait = b"", None
