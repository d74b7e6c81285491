"""The flash loader against a model of a flash memory's pins."""

from __future__ import annotations

import random

import pytest
from amaranth.sim import Simulator

from boards import flash_loader
from boards.flash_loader import OFFSET, FlashLoader, flash_image
from fq_hw.errors import CapacityError, ParameterError

WORDS = [random.Random(3).randrange(1 << 16) for _ in range(9)]


class Flash:
    """SPI mode 0 as in the data sheet: samples on rising, shows on falling edges of the clock."""

    def __init__(self, contents: bytes):
        self.contents = contents
        self.awake = False
        self.history: list[tuple[int, ...]] = []  # bytes of each selection
        self.received: list[int] = []
        self.sck = self.out = self.at = 0

    def see(self, cs: int, sck: int, mosi: int) -> int:
        """The level of miso after the pins have changed to these."""
        if not cs:
            self.end()
            self.sck = 0
            return 1
        if sck and not self.sck:
            self.received.append(mosi)
        if not sck and self.sck and len(self.received) >= 32:
            self.answer(len(self.received) - 32)
        self.sck = sck
        return self.out

    def answer(self, bit: int) -> None:
        code, address = self.number(0, 8), self.number(8, 32)
        reading = self.awake and code == 0x03
        byte = self.contents[address + bit // 8] if reading else 0xFF
        self.out = byte >> (7 - bit % 8) & 1

    def number(self, start: int, end: int) -> int:
        return int("".join(map(str, self.received[start:end])), 2)

    def end(self) -> None:
        if len(self.received) == 8 and self.number(0, 8) == 0xAB:
            self.awake = True
        if self.received:
            self.history.append((self.number(0, 8), len(self.received)))
        self.received = []


def play(pauses: tuple[int, ...], offset: int = 0x1234) -> tuple[list[int], Flash]:
    """The words that come out, and the flash."""
    image = bytes(offset) + b"".join(word.to_bytes(2, "little") for word in WORDS) + b"\x55" * 8
    flash, loader, words = Flash(image), FlashLoader(len(WORDS), offset), []

    async def bench(ctx):
        waiting = None
        for cycle in range(2 * flash_loader.WAKE_CYCLES + 200 * len(WORDS)):
            ready = not pauses[cycle % len(pauses)]
            ctx.set(loader.o.ready, ready)
            level = flash.see(*(ctx.get(pin) for pin in (loader.cs, loader.sck, loader.mosi)))
            ctx.set(loader.miso, level)
            valid, word = ctx.get(loader.o.valid), ctx.get(loader.o.payload)
            assert waiting is None or (valid and word == waiting), "a word must hold until taken"
            waiting = word if valid and not ready else None
            if valid and ready:
                words.append(word)
            await ctx.tick()

    simulator = Simulator(loader)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return words, flash


@pytest.mark.parametrize("pauses", [(0,), (0, 1, 1), (1,) * 50 + (0,)], ids=len)
def test_words_come_in_order_whatever_the_stalls(pauses):
    words, flash = play(pauses)
    assert words == WORDS
    assert flash.history[0] == (0xAB, 8)
    assert flash.history[1][0] == 0x03
    assert len(flash.history) == 2, "the flash is left alone afterwards"


def test_the_flash_model_sleeps_until_it_is_woken(monkeypatch):
    monkeypatch.setattr(flash_loader, "WAKE", 0x00)
    words, _ = play((0,))
    assert words == [0xFFFF] * len(WORDS)


def test_image_has_the_words_where_the_loader_reads_them():
    image = flash_image(b"\x7e\xaa", WORDS)
    assert image[:2] == b"\x7e\xaa" and image[2:OFFSET] == b"\xff" * (OFFSET - 2)
    assert image[OFFSET:] == b"".join(word.to_bytes(2, "little") for word in WORDS)


def test_image_refuses_a_bitstream_over_the_words():
    with pytest.raises(
        CapacityError, match=r"^bitstream: must be at most 131072 bytes \(got 13107"
    ):
        flash_image(bytes(OFFSET + 1), WORDS)


def test_refuses_an_offset_beyond_24_bits():
    with pytest.raises(ParameterError, match=r"^FlashLoader: offset must fit 24 bits \(got 1677"):
        FlashLoader(1, 1 << 24)
