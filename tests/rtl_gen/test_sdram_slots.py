"""Several clients of one SDRAM: each gets its slots, at the cycles that the record says."""

from __future__ import annotations

import itertools
import random

import pytest
from amaranth.sim import Simulator
from sdram_bench import small

from fq_hw.schedule.sdram import Slots
from rtl_gen.sdram.slots import SlotController
from sim.sdram import Rule
from sim.sdram_board import WithSdram, add_clocks, chip_of

CLIENTS = ("words", "spill", "input")
TURNS = ("words", "spill", "words", "input", "spill")
WRITER = CLIENTS.index("spill")


@pytest.mark.parametrize(
    ("gear", "clock_mhz"), [(1, 25), (1, 48), (1, 100), (1, 133), (2, 25), (2, 71.25)]
)
def test_clients_read_and_write_in_their_slots(gear, clock_mhz):
    chip = small()
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=8, turns=TURNS, gear=gear)
    words = list(range(1000, 1000 + chip.words))
    pairs = zip(words[::2], words[1::2], strict=True)
    kept = words if gear == 1 else [low + (high << 16) for low, high in pairs]
    part = SlotController(slots, CLIENTS)
    top = WithSdram(part, chip_of(slots, words=words))
    dice, done = random.Random(5), []

    async def bench(ctx) -> None:
        ctx.set(top.restart, 1)
        await ctx.tick().until(top.group)
        at = [dice.randrange(slots.words // slots.burst) for _ in CLIENTS]
        due, moving = {}, None
        for cycle in range(1500):
            ctx.set(top.restart, 0)
            ctx.set(top.ask, dice.choice([7, 7, 5, 3, 0]))
            ctx.set(top.write, 1 << WRITER)
            ctx.set(top.word[WRITER], cycle * 0x30001)
            for client, block in enumerate(at):
                ctx.set(top.block[client], block)
            slot = slots.next("words", cycle)
            if begun := ctx.get(top.begun):
                client = begun.bit_length() - 1
                slot = slots.next(CLIENTS[client], cycle)
                assert begun == 1 << client and slots.start(slot) == cycle
                moving = client, at[client] * slots.burst, cycle + slots.first
                at[client] = dice.randrange(slots.words // slots.burst)
                done.append(CLIENTS[client])
            if issue := ctx.get(top.issue):
                client, base, first = moving
                place = base + cycle - first
                assert issue == 1 << client and ctx.get(top.column) == cycle - first
                if client == WRITER:
                    kept[place] = cycle * 0x30001 & 2**slots.width - 1
                else:
                    due[cycle + slots.reply] = issue, kept[place]
            arrived = ctx.get(top.arrived), ctx.get(top.read)
            assert arrived == due.pop(cycle, (0, arrived[1]))
            await ctx.tick()
        assert ctx.get(top.rule) == Rule.NONE

    simulator = Simulator(top)
    add_clocks(simulator)
    simulator.add_testbench(bench)
    simulator.run()
    assert set(done) == set(CLIENTS) and len(done) > 15


def test_first_slots_by_hand():
    slots = Slots(chip=small(), clock_mhz=100, burst=8, turns=("a", "b", "b"))
    begins = [slots.start(n) for n in range(slots.group + 1)]
    apart = {b - a for a, b in itertools.pairwise(begins[:-1])}
    assert begins[0] == slots.rest and apart == {slots.length}
    assert begins[-1] - begins[-2] == slots.length + slots.rest
    assert slots.period <= slots.cycles.refresh < slots.period + slots.length
    for cycle in range(3 * slots.period):
        want = next(n for n in itertools.count() if slots.start(n) >= cycle and n % 3 == 0)
        assert slots.next("a", cycle) == want
