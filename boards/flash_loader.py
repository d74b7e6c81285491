"""Parameters from the board's SPI flash: read once after reset, as a stream of 16-bit words."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import CapacityError, require

__all__ = ["OFFSET", "FlashLoader", "flash_image", "flash_words"]

OFFSET = 0x20000  # of the parameters in the flash: behind the bitstream, at a sector's start
WAKE, READ = 0xAB, 0x03
WAKE_CYCLES = 1024  # flash memories need at most 30 us: 1024 cycles of up to 34 MHz


def flash_image(bitstream: bytes, beats: Iterable[int], offset: int = OFFSET) -> bytes:
    """What to write into the flash from address 0: bitstream, then words of 16 bits."""
    contract = f"must be at most {offset} bytes"
    require(len(bitstream) <= offset, "bitstream", contract, len(bitstream), kind=CapacityError)
    return bitstream + bytes([0xFF]) * (offset - len(bitstream)) + flash_words(beats)


def flash_words(beats: Iterable[int]) -> bytes:
    """What lies at the offset: words of 16 bits, low byte first."""
    return b"".join(beat.to_bytes(2, "little") for beat in beats)


class FlashLoader(wiring.Component):
    """Wakes the flash up and reads ``count`` words of 16 bits from ``offset`` on.

    Members     cs: Out(1), 1 selects the flash; sck, mosi: Out(1); miso: In(1), SPI mode 0
                o: Out(stream of 16 bits), low byte first in the flash
    Order       as in the flash; the clock rests while a word waits to be taken
    Latency     about WAKE_CYCLES + 130 cycles to the first word
    Throughput  a word per 34 cycles: sck is half the clock
    Resources   about 60 LUT4 on iCE40
    Errors      none: what the flash says is taken as it is
    Source      Winbond W25Q128JV: release power-down (AB), read data (03), up to 50 MHz
    """

    def __init__(self, count: int, offset: int = OFFSET):
        require(count >= 1, "FlashLoader", "count must be at least 1", count)
        require(0 <= offset < 2**24, "FlashLoader", "offset must fit 24 bits", offset)
        self.count, self.offset = count, offset
        super().__init__(
            {
                "cs": Out(1),
                "sck": Out(1),
                "mosi": Out(1),
                "miso": In(1),
                "o": Out(stream.Signature(16)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        command = Signal(32)  # bits to send, the next one on top
        word = Signal(16)  # the last bits received
        bits = Signal(range(33))  # of the command or word still to go
        words = Signal(range(self.count + 1), init=self.count)
        rest = Signal(range(WAKE_CYCLES), init=WAKE_CYCLES - 1)

        m.d.comb += [
            self.mosi.eq(command[-1]),
            self.o.payload.eq(Cat(word[8:], word[:8])),  # high bit first, but low byte first
        ]

        def clock_a_bit() -> None:
            """Raise the clock and take the flash's bit, then lower it and show the next one."""
            m.d.sync += self.sck.eq(~self.sck)
            with m.If(~self.sck):
                m.d.sync += word.eq(Cat(self.miso, word))
            with m.Else():
                m.d.sync += [command.eq(command << 1), bits.eq(bits - 1)]

        with m.FSM():
            with m.State("RESET"):
                m.d.sync += rest.eq(rest - 1)
                with m.If(rest == 0):
                    m.d.sync += [command.eq(WAKE << 24), bits.eq(8), self.cs.eq(1)]
                    m.next = "WAKE"
            with m.State("WAKE"):
                with m.If(bits != 0):
                    clock_a_bit()
                with m.Else():
                    m.d.sync += [self.cs.eq(0), rest.eq(WAKE_CYCLES - 1)]
                    m.next = "REST"
            with m.State("REST"):
                m.d.sync += rest.eq(rest - 1)
                with m.If(rest == 0):
                    m.d.sync += [command.eq(READ << 24 | self.offset), bits.eq(32), self.cs.eq(1)]
                    m.next = "COMMAND"
            with m.State("COMMAND"):
                with m.If(bits != 0):
                    clock_a_bit()
                with m.Else():
                    m.d.sync += bits.eq(16)
                    m.next = "WORD"
            with m.State("WORD"):
                with m.If(bits != 0):
                    clock_a_bit()
                with m.Else():
                    m.d.comb += self.o.valid.eq(1)
                    with m.If(self.o.ready):
                        m.d.sync += [bits.eq(16), words.eq(words - 1)]
                        with m.If(words == 1):
                            m.d.sync += self.cs.eq(0)
                            m.next = "DONE"
            with m.State("DONE"):
                pass
        return m
