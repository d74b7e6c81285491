"""The pins of an SDRAM as a component has them: single signals, one register before the pads."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from amaranth.lib.wiring import In, Member, Out

from fq_hw.schedule.sdram import SdramChip, Slots

__all__ = ["ALL_BANKS", "PREFIX", "Command", "chip_pins", "pins"]

PREFIX = "sdram_"
ALL_BANKS = 1 << 10  # the address bit by which PRECHARGE means every bank


class Command(enum.IntEnum):
    """RAS in bit 0, CAS in bit 1, WE in bit 2; a pin that is driven low counts as 1."""

    NOTHING = 0b000
    ACTIVATE = 0b001
    READ = 0b010
    REFRESH = 0b011
    STOP = 0b100
    PRECHARGE = 0b101
    WRITE = 0b110
    LOAD_MODE = 0b111


def pins(slots: Slots) -> Mapping[str, Member]:
    """The controller's side of the pins, in a cycle of its clock.

    command  a Command; its pins are active low
    dqm      of every byte; bank, address
    dq_o, dq_oe, dq_i  the data pins: what is driven, whether, and what is seen
    In gear 1 a register is between each of them and the pin, both ways, best in the I/O cell, and
    the clock pin rises in the middle of a cycle. In gear 2 there are three registers on the way
    out, one on the way back, and a cycle is two of the chip's: the lower half of a word moves in
    the first, and in the second the command is NOTHING.
    """
    return chip_pins(slots.chip, slots.gear)


def chip_pins(chip: SdramChip, words: int = 1) -> Mapping[str, Member]:
    """The same of a chip, whose data pins move so many ``words`` in what is called a cycle."""
    return {
        f"{PREFIX}command": Out(3),
        f"{PREFIX}bank": Out(chip.bank_bits),
        f"{PREFIX}address": Out(chip.address_bits),
        f"{PREFIX}dqm": Out(1, init=1),
        f"{PREFIX}dq_o": Out(words * chip.width),
        f"{PREFIX}dq_oe": Out(1),
        f"{PREFIX}dq_i": In(words * chip.width),
    }
