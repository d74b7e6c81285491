"""Chips as large as they are, with as many words as the smallest ImageNet network has."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fq_hw.schedule.sdram import CHIPS, SDR_16M16, SDR_32M16, Slots
from fq_hw.schedule.units import SdramUnit
from rtl_gen.emit import to_verilog
from rtl_gen.rom_stream import pack_words
from rtl_gen.sdram_words import SdramWords
from sim import sdram_board, verilator

pytestmark = [pytest.mark.slow, pytest.mark.verilator]
BITS, BENCH = 7_300_000, Path(__file__).with_name("sdram_bench.sv")


WAYS = [
    *((chip, 1, clock_mhz) for chip in CHIPS.values() for clock_mhz in (50, 133)),
    *((chip, 2, clock_mhz) for chip in (SDR_16M16, SDR_32M16) for clock_mhz in (25, 71.25)),
]


@pytest.mark.parametrize(("chip", "gear", "clock_mhz"), WAYS, ids=str)
def test_every_word_at_the_rate_of_the_record(chip, gear, clock_mhz, tmp_path, programs):
    slots = Slots(chip=chip, clock_mhz=clock_mhz, burst=128, gear=gear)
    unit = SdramUnit(depth=BITS // slots.width, slots=slots, places=512)
    contents = np.random.default_rng(1).integers(0, 2, unit.contents).astype(np.uint8)
    defines = {"PIECES": unit.pieces, "WIDTH": slots.width, "DEPTH": unit.depth,
               "BANK": chip.bank_bits, "ADDRESS": chip.address_bits}  # fmt: skip
    defines |= {"FAST": 1} if gear > 1 else {}
    head = "".join(f"`define {name} {value}\n" for name, value in defines.items())
    sources = {
        "bench.sv": head + BENCH.read_text(),
        "unit.v": to_verilog(SdramWords(unit, contents), "unit"),
        "sdram.v": to_verilog(sdram_board.behind(unit), "sdram"),
        "sdram_store.v": sdram_board.STORE,
    }
    files = {"fill": SdramWords.filling(unit, contents), "words": pack_words(contents)}
    for name, words in files.items():
        (tmp_path / name).write_text("".join(f"{word:x}\n" for word in words))
    program = verilator.build(sources, "bench", programs)
    said = verilator.run(program, {name: tmp_path / name for name in files}, "SDRAM")
    found = re.search(r"^done (\d+) (\d+)$", said, re.MULTILINE)
    assert found, said[-200:]
    cycles = int(found[2]) - int(found[1])
    assert 2 * unit.depth / cycles == pytest.approx(unit.words_per_cycle, rel=0.001)
