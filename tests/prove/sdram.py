"""The rules of an SDRAM, at the pins of the controller, in whatever way its clients ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from amaranth.hdl import Cat, EnableInserter, Mux, Signal
from amaranth.lib import wiring

from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, Slots
from prove.aiger import parse
from prove.circuit import CHOICE, CONTROL, Bench, graphs
from prove.reach import Space, whole
from prove.table import BrokenError, Proof
from rtl_gen.sdram.pins import PREFIX, Command, chip_pins
from rtl_gen.sdram.slots import SlotController
from sim.sdram import Rule, SdramModel

__all__ = ["SLOTS", "prove", "watched"]

SLOTS = {  # as boards have them: the chip, the clock, the gear
    "ULX3S, 71.25 MHz": Slots(chip=SDR_16M16, clock_mhz=71.25, burst=16),
    "ULX3S, 71.25 MHz, gear 2": Slots(chip=SDR_16M16, clock_mhz=71.25, burst=16, gear=2),
    "ULX3S, 100 MHz": Slots(chip=SDR_16M16, clock_mhz=100, burst=32),
    "Colorlight i9, 71.25 MHz": Slots(chip=M12L64322A, clock_mhz=71.25, burst=16),
}


class Rules(SdramModel):
    """The chip without its words, which no rule hangs on."""

    def keep(self, m, address, write, word):
        pass


def watched(slots: Slots, make: Callable[[Slots], wiring.Component] | None = None) -> Bench:
    """The controller, the chip's rules beside it, and a client that asks as it likes.

    The pins do not tell clients apart. In gear 2 the clock is the chip's, and every second edge
    moves the controller. The pads are left out: they delay all pins by as much.
    """
    bench, m = Bench(), None
    m = bench.m
    part = make(slots) if make else SlotController(slots, ("words",))
    model = Rules(slots.chip, slots.clock_mhz, slots.chip.words, gear=slots.gear)
    m.submodules.model = model
    second = Signal()
    if slots.gear > 1:
        m.d.sync += second.eq(~second)
        m.submodules.part = EnableInserter(second)(part)
    else:
        m.submodules.part = part
    for name in chip_pins(slots.chip):
        if name != f"{PREFIX}dq_i":
            m.d.comb += getattr(model, name).eq(getattr(part, name))
    m.d.comb += model.sdram_command.eq(Mux(second, Command.NOTHING, part.sdram_command))
    inside = slots.chip.column_bits - (slots.gear - 1)
    banks = Cat(bench.choice(f"bank_{n}") for n in range(slots.chip.bank_bits))
    low = inside - (slots.burst - 1).bit_length()
    high = len(part.block[0]) - low - len(banks)
    m.d.comb += [
        part.ask.eq(bench.choice("ask")),
        part.write.eq(bench.choice("write")),
        part.drop.eq(bench.free("drop")),
        part.restart.eq(bench.free("restart")),
        part.word[0].eq(bench.free("word", slots.width)),
        part.block[0].eq(Cat(bench.free("column", low), banks, bench.free("row", high))),
    ]
    bench.sees("rule", model.rule)
    bench.sees("begun", part.begun)
    return bench


def prove(name: str, bench: Bench, folder: Path) -> Iterator[Proof]:
    """No rule is broken, in any state. Raises BrokenError."""
    graphs({"sdram": bench}, folder, [CONTROL])
    space = whole(parse((folder / f"sdram.{CONTROL}").read_text()), CHOICE)
    rules = broken(space)
    if rules:
        raise BrokenError(f"{name}: {', '.join(rule.name for rule in rules)}")
    if not space.seen["sees_begun"].any():
        raise BrokenError(f"{name}: no slot begins")
    yield Proof("SDRAM: no rule of the chip is broken", name, "all states", str(space))


def broken(space: Space) -> list[Rule]:
    """Rules that are broken in some state."""
    bits = sorted(name for name in space.seen if name.startswith("sees_rule"))
    code = sum(space.seen[name].astype(int) << n for n, name in enumerate(bits))
    return [rule for rule in Rule if rule != Rule.NONE and (code == rule).any()]
