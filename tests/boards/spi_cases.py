"""A small core on simulated SPI pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cores import SumCore, sum_info

from boards.shell import Shell
from boards.spi_link import CYCLES, SpiLink
from rtl_gen.emit import to_verilog
from sim import spi
from sim.spi import SpiPins, Step

COLOURS, PIXELS = 3, 300  # two chunks
IMAGE = (10, 30, COLOURS)
CYCLE_PS = 10_000
HALF_PS = CYCLES * CYCLE_PS // 2  # of SCK, at its bound
EARLY_PS = CYCLE_PS - 100  # of the cycle that is left for pads and wires
IDLE_PS = 2 * CYCLE_PS + 1_300


def build(folder: Path, pause: int = 0, places: int = 512, brief: bool = True) -> Path:
    """The program that simulates it."""
    core, info = SumCore(PIXELS, COLOURS, pause=pause), sum_info(PIXELS, COLOURS)
    verilog = to_verilog(Shell(core, info=info, link=SpiLink(places=places)), "top")
    return spi.build(verilog, CYCLE_PS // 2, folder, brief=brief)


@contextmanager
def plugged(
    program: Path,
    half_ps: int = HALF_PS,
    early_ps: int = EARLY_PS,
    spoil: Callable[[list[Step]], list[Step]] = lambda steps: steps,
) -> Iterator[SpiPins]:
    """The pins of the simulated board."""
    with (
        TemporaryDirectory() as folder,
        SpiPins(program, Path(folder), half_ps=half_ps, early_ps=early_ps, idle_ps=IDLE_PS,
                spoil=spoil) as pins,
    ):  # fmt: skip
        yield pins
