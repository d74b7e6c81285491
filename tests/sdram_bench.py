"""A unit of words from an SDRAM in Amaranth's simulator, with a small chip at its pins."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from amaranth.sim import Simulator

from fq_hw.schedule.sdram import SDR_16M16, SdramChip, Slots
from fq_hw.schedule.steps import Align, Channel, Repeat, Steps, Take, Wait
from fq_hw.schedule.timing import run_of
from fq_hw.schedule.units import SdramUnit
from rtl_gen.rom_stream import pack_words
from rtl_gen.sdram_words import SdramWords
from sim.sdram import Rule, SdramModel
from sim.sdram_board import WithSdram, add_clocks, chip_of

__all__ = [
    "Played",
    "Script",
    "contents",
    "driver",
    "expected",
    "play",
    "predicted",
    "small",
    "words_unit",
]

Script = list[tuple[dict[str, int], int]]  # what is driven for a cycle, and cycles until the next


def small(chip: SdramChip = SDR_16M16) -> SdramChip:
    """``chip`` with few words, a short start and many refreshes; its other times are its own."""
    return replace(chip, row_bits=3, column_bits=5, power_up_ns=400, refresh_ns=2500)


def words_unit(
    depth: int, clock_mhz: float, chip: SdramChip = SDR_16M16, turns=("words",), gear=1, **more
) -> SdramUnit:
    slots = Slots(chip=small(chip), clock_mhz=clock_mhz, burst=16, turns=turns, gear=gear)
    return SdramUnit(depth=depth, slots=slots, **{"places": 32, **more})


def contents(unit: SdramUnit, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, unit.contents).astype(np.uint8)


@dataclass
class Played:
    """What came: words and their cycles after ``ready``, and in which of these a pause was."""

    ready: int | None = None
    bad: int | None = None
    filled: int = 0
    words: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    pauses: list[bool] = field(default_factory=list)
    rule: Rule = Rule.NONE


def play(
    unit: SdramUnit,
    cycles: int,
    *,
    fill: list[int] | None = None,
    stalls: float = 0.0,
    kept: int | None = None,
    part: SdramWords | None = None,
) -> Played:
    """``cycles`` cycles after a reset; ``fill`` comes in, and o pauses by chance.

    ``kept`` is how many of its words the chip keeps: fewer than it should, where it is broken.
    """
    part = part or SdramWords(unit, contents(unit))
    fill = SdramWords.filling(unit, part.contents) if fill is None else fill
    top = WithSdram(part, chip_of(unit.slots, kept))
    found, dice = Played(), random.Random(7)

    async def bench(ctx) -> None:
        for cycle in range(cycles):
            ctx.set(top.i_fill.valid, found.filled < len(fill) and dice.random() < 0.8)
            ctx.set(top.i_fill.payload, fill[found.filled % len(fill)])
            pause = dice.random() < stalls
            ctx.set(top.o.ready, not pause)
            found.filled += ctx.get(top.i_fill.valid & top.i_fill.ready)
            if found.bad is None and ctx.get(top.bad):
                found.bad = cycle
            if found.ready is None and ctx.get(top.ready):
                found.ready = cycle
            if found.ready is not None:
                found.pauses.append(pause)
            if ctx.get(top.o.valid) and not pause:
                found.words.append(ctx.get(top.o.payload[0]))
                found.times.append(cycle - found.ready)
            await ctx.tick()
        found.rule = Rule(ctx.get(top.rule))

    simulator = Simulator(top)
    add_clocks(simulator)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def predicted(unit: SdramUnit, pauses: list[bool]) -> list[int]:
    """When the unit's model says that words move, if their reader makes these ``pauses``."""
    o, most = Channel(), pauses.count(False)
    reader = Repeat(most, (Wait(o.offers), Align(tuple(pauses)), Take(o)))
    run = run_of([*unit.processes([], [o]), Steps(first=[reader])], {o: 1}, most)
    run.settle()
    return [cycle for cycle in run.moves(o) if cycle < len(pauses)]


def expected(unit: SdramUnit, count: int) -> list[int]:
    """The first ``count`` words of those that ``contents`` makes."""
    words = pack_words(contents(unit))
    return [words[n % unit.depth] for n in range(count)]


def driver(model: SdramModel) -> Callable[[Script], tuple[Rule, list[int]]]:
    """What the model says of a script: the first broken rule, and the words on its pins."""
    simulator = Simulator(model)
    simulator.add_clock(1e-6)
    task = {}

    async def bench(ctx) -> None:
        task["seen"] = []
        for pins, cycles in [*task["script"], ({}, 8)]:
            for cycle in range(cycles):
                at = {} if cycle else pins
                for name in ("command", "bank", "address", "dqm", "dq_o", "dq_oe"):
                    ctx.set(getattr(model, f"sdram_{name}"), at.get(name, 0))
                task["seen"].append(ctx.get(model.sdram_dq_i))
                await ctx.tick()
        task["rule"] = Rule(ctx.get(model.rule))

    simulator.add_testbench(bench)

    def run(script: Script) -> tuple[Rule, list[int]]:
        if "script" in task:  # there is no first reset
            simulator.reset()
        task["script"] = script
        simulator.run()
        return task["rule"], task["seen"]

    return run
