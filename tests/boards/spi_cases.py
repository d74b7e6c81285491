"""A small core on simulated SPI pins, and what goes wrong on the wires."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cores import SumCore, SumNetwork, sum_info

from boards.shell import Shell
from boards.spi_link import CYCLES, SpiLink
from rtl_gen.emit import to_verilog
from sim import spi
from sim.spi import SpiPins, Step

PIXELS = 40  # three chunks
INFO = replace(sum_info(PIXELS, 1), chunk_pixels=16)
CYCLE_PS = 10_000
HALF_PS = CYCLES * CYCLE_PS // 2  # of SCK, at its bound
EARLY_PS = CYCLE_PS - 100  # of the cycle that is left for pads and wires
IDLE_PS = 2 * CYCLE_PS + 1_300  # so that every transaction meets the clock elsewhere
PER_BIT, BEFORE = 3, 2  # steps of a bit, and before the first
NETWORK = SumNetwork((5, 8, 1))
pictures, right = NETWORK.pictures, NETWORK.right


def build(folder: Path, pause: int = 0) -> Path:
    """The program that simulates it; the core has ``pause`` cycles between pixels."""
    shell = Shell(SumCore(PIXELS, 1, pause=pause), info=INFO, link=SpiLink(places=256))
    return spi.build(to_verilog(shell, "top"), CYCLE_PS // 2, folder, brief=True)


@contextmanager
def plugged(
    program: Path,
    spoil: Callable[[list[Step]], list[Step]] = lambda steps: steps,
    half_ps: int = HALF_PS,
    early_ps: int = EARLY_PS,
) -> Iterator[SpiPins]:
    """The pins of the simulated board."""
    with (
        TemporaryDirectory() as folder,
        SpiPins(program, Path(folder), half_ps=half_ps, early_ps=early_ps, idle_ps=IDLE_PS,
                spoil=spoil) as pins,
    ):  # fmt: skip
        yield pins


def bit_at(steps: list[Step], bit: int) -> int:
    """Where a bit of a transaction begins."""
    return BEFORE + PER_BIT * bit


def cut(steps: list[Step], bit: int) -> list[Step]:
    """Chip select rises before ``bit``; the host goes on all the same."""
    at = bit_at(steps, bit)
    return steps[:at] + [step._replace(cs_n=1) for step in steps[at:]]


def flip(steps: list[Step], bit: int) -> list[Step]:
    at = bit_at(steps, bit)
    wrong = [step._replace(copi=1 - step.copi) for step in steps[at : at + PER_BIT]]
    return steps[:at] + wrong + steps[at + PER_BIT :]


def extra(steps: list[Step], bit: int) -> list[Step]:
    """A clock too many."""
    at = bit_at(steps, bit)
    low, high = (Step(0, level, steps[at].copi, 2 * CYCLE_PS) for level in (0, 1))
    return [*steps[:at], low, high, *steps[at:]]


def missing(steps: list[Step], bit: int) -> list[Step]:
    """A clock too few."""
    at = bit_at(steps, bit) + PER_BIT - 1
    return steps[:at] + [steps[at]._replace(sck=0)] + steps[at + 1 :]


def glitch(steps: list[Step], bit: int) -> list[Step]:
    """Chip select is high for a while."""
    at = bit_at(steps, bit)
    return [*steps[:at], Step(1, 0, 0, 15_000), *steps[at:]]


def spike(steps: list[Step], bit: int) -> list[Step]:
    """SCK is high for less than the clock may see."""
    at = bit_at(steps, bit)
    return [*steps[:at], Step(0, 0, 0, 2 * CYCLE_PS), Step(0, 1, 0, 4_000), *steps[at:]]


FAULTS = {one.__name__: one for one in (cut, flip, extra, missing, glitch, spike)}


class BadWires:
    """One transaction in ``each`` has a fault of ``kinds`` at any bit."""

    def __init__(self, seed: int, each: int, kinds: tuple[str, ...]):
        self.dice, self.each, self.kinds = random.Random(seed), each, kinds
        self.did: Counter[str] = Counter()
        self.on = False

    def spoil(self, steps: list[Step]) -> list[Step]:
        if not self.on or self.dice.randrange(self.each):
            return steps
        kind = self.dice.choice(self.kinds)
        self.did[kind] += 1
        return FAULTS[kind](steps, self.dice.randrange(sum(step.look for step in steps)))
