"""Several clients of one SDRAM: each gets its slots, at the cycles that the record says."""

from __future__ import annotations

import itertools
import random

import pytest
from amaranth.sim import Simulator
from sdram_bench import small

from fq_hw.schedule.sdram import Slots
from rtl_gen.sdram.slots import SlotController
from sim.sdram import Rule, SdramModel
from sim.sdram_board import WithSdram

CLIENTS = ("words", "spill", "input")
TURNS = ("words", "spill", "words", "input", "spill")
WRITER = CLIENTS.index("spill")


@pytest.mark.parametrize("clock_mhz", [25, 48, 100, 133])
def test_clients_read_and_write_in_their_slots(clock_mhz):
    chip = small()
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=8, turns=TURNS)
    kept = list(range(1000, 1000 + chip.words))
    part = SlotController(slots, CLIENTS)
    top = WithSdram(part, SdramModel(chip, clock_mhz, chip.words, kept))
    dice, done = random.Random(5), []

    async def bench(ctx) -> None:
        ctx.set(top.restart, 1)
        await ctx.tick().until(top.group)
        at = [dice.randrange(chip.words // slots.burst) for _ in CLIENTS]
        due, moving = {}, None
        for cycle in range(1500):
            ctx.set(top.restart, 0)
            ctx.set(top.ask, dice.choice([7, 7, 5, 3, 0]))
            ctx.set(top.write, 1 << WRITER)
            ctx.set(top.word[WRITER], cycle)
            for client, block in enumerate(at):
                ctx.set(top.block[client], block)
            slot = slots.next("words", cycle)
            if begun := ctx.get(top.begun):
                client = begun.bit_length() - 1
                slot = slots.next(CLIENTS[client], cycle)
                assert begun == 1 << client and slots.start(slot) == cycle
                moving = client, at[client] * slots.burst, cycle + slots.first
                at[client] = dice.randrange(chip.words // slots.burst)
                done.append(CLIENTS[client])
            if issue := ctx.get(top.issue):
                client, base, first = moving
                place = base + cycle - first
                assert issue == 1 << client and ctx.get(top.column) == cycle - first
                if client == WRITER:
                    kept[place] = cycle
                else:
                    due[cycle + slots.reply] = issue, kept[place]
            arrived = ctx.get(top.arrived), ctx.get(top.read)
            assert arrived == due.pop(cycle, (0, arrived[1]))
            await ctx.tick()
        assert ctx.get(top.rule) == Rule.NONE

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
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
