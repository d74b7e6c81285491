"""A board's top in Verilator, spoken to through its SPI pins, bit by bit.

``SpiPins`` is to ``boards.spi_port`` what Linux's spidev is, so that the host's driver is the same
for the simulation and for the board.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fq_hw.errors import SimulationError, require
from sim import verilator
from sim.live import LiveSimulation

__all__ = ["SpiPins", "Step", "build", "steps"]

BENCH = Path(__file__).with_name("spi_bench.sv")
WHERE = "rtl-sim through the SPI pins"
END = 1 << 31


class Step(NamedTuple):
    """What the host drives for so many ps, and whether it then looks at cipo."""

    cs_n: int
    sck: int
    copi: int
    ps: int
    look: bool = False

    @property
    def word(self) -> int:
        """As the bench reads it."""
        pins = self.look << 3 | self.cs_n << 2 | self.sck << 1 | self.copi
        return pins << 27 | self.ps


def build(verilog: str, half_ps: int, folder: Path, brief: bool = False) -> Path:
    """Compile the module ``top`` (clk, rst, and the pins of ``boards.spi_link.SpiLink``).

    half_ps  half a cycle of the design's clock; ``brief`` as in ``verilator``
    """
    bench = f"`define HALF {half_ps}\n" + BENCH.read_text()
    return verilator.build({"spi_bench.sv": bench, "top.v": verilog}, "spi_bench", folder, brief)


def steps(values: list[int], half_ps: int, early_ps: int, idle_ps: int) -> list[Step]:
    """A transaction: mode 0, most significant bit first.

    early_ps  the host looks so long before a rising edge, for what pads and wires take
    idle_ps   before the first edge, behind the last one, and until another transaction
    """
    found = [Step(1, 0, 0, idle_ps), Step(0, 0, values[0] >> 7, idle_ps)]
    for value in values:
        for place in reversed(range(8)):
            bit = value >> place & 1
            found += [
                Step(0, 0, bit, half_ps - early_ps, True),
                Step(0, 0, bit, early_ps),
                Step(0, 1, bit, half_ps),
            ]
    return [*found, Step(0, 0, 0, idle_ps), Step(1, 0, 0, 1)]


class SpiPins(LiveSimulation):
    """A device with ``xfer2`` and ``close`` on a simulation that runs while there is one.

    folder   gets a pipe, by which the simulation hears us
    spoil    what becomes of a transaction's steps; as many must look as before
    now      cycles of the design's clock that have passed
    others   as ``steps`` has them
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        half_ps: int,
        early_ps: int,
        idle_ps: int,
        spoil: Callable[[list[Step]], list[Step]] = lambda steps: steps,
    ):
        self.half_ps, self.early_ps, self.idle_ps = half_ps, early_ps, idle_ps
        self.spoil, self.now = spoil, 0
        super().__init__(program, folder)
        self.drive([])  # it has opened the pipe

    def xfer2(self, values: list[int]) -> list[int]:
        """One transaction."""
        sent = steps(values, self.half_ps, self.early_ps, self.idle_ps)
        bits = self.drive(self.spoil(sent))
        return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]

    def drive(self, steps: list[Step]) -> str:
        """Let the host drive the pins; returns what it saw."""
        self.say([*(step.word for step in steps), END])
        line = self.lines.get()
        bits, _, now = line.removeprefix("b").partition(" ")
        fits = line.startswith("b") and now.isdecimal() and len(bits) == sum(s.look for s in steps)
        require(fits, WHERE, "the simulator must go on", line, kind=SimulationError)
        self.now = int(now)
        return bits
