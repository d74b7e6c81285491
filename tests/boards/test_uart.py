"""The UART components, and the choice of the divisor."""

from fractions import Fraction

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from serial_line import CLOCK_HZ, SimulatedPort

from boards.uart import UartReceiver, UartTransmitter, divisor
from fq_hw.errors import ParameterError

BYTES = bytes([0x00, 0xFF, 0x55, 0xA5, 0x01, 0x80])


class Echo(wiring.Component):
    """Receiver into transmitter."""

    def __init__(self, cycles: int):
        self.cycles = cycles
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.cycles)
        m.submodules.transmitter = transmitter = UartTransmitter(self.cycles)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]
        wiring.connect(m, receiver.o, transmitter.i)
        return m


@pytest.mark.parametrize("bit_error", [-0.03, 0.0, 0.03], ids=["fast", "equal", "slow"])
@pytest.mark.parametrize("cycles", [8, 13, Fraction(133, 16), Fraction(191, 16)], ids=str)
def test_echo_is_what_was_sent(cycles, bit_error):
    pause = 2 * cycles / CLOCK_HZ  # the echo needs its own 10 bits and a cycle for each byte
    port = SimulatedPort(Echo(cycles), cycles, timeout_s=30 * pause, bit_error=bit_error)
    for byte in BYTES:
        port.write(bytes([byte]))
        port.write_bits([1])
    assert port.read(len(BYTES)) == BYTES
    assert port.read(1) == b""


def watch(line: list[int], *, take_after: int = 0, cycles: int = 8) -> list:
    """Drive a receiver with ``line``, one level a bit; return its bytes and its errors in order.

    Bytes are taken as they come, but the first one only ``take_after`` cycles after the start.
    """
    dut, seen = UartReceiver(cycles), []

    async def drive(ctx):
        for level in [*line, 1, 1]:
            ctx.set(dut.rx, level)
            await ctx.tick().repeat(cycles)

    async def listen(ctx):
        count = 0
        async for *_, valid, byte, framing, overrun in ctx.tick().sample(
            dut.o.valid, dut.o.payload, dut.framing_error, dut.overrun
        ):
            if valid and ctx.get(dut.o.ready):
                seen.append(byte)
            seen.extend(["framing"] * framing + ["overrun"] * overrun)
            count += 1
            ctx.set(dut.o.ready, count > take_after)

    simulator = Simulator(dut)
    simulator.add_clock(1 / CLOCK_HZ)
    simulator.add_testbench(drive)
    simulator.add_testbench(listen, background=True)
    simulator.run()
    return seen


def bits(byte: int, stop: int = 1) -> list[int]:
    return [0, *(byte >> bit & 1 for bit in range(8)), stop]


def test_receiver_takes_bytes_without_a_pause():
    assert watch([*bits(0x12), *bits(0xF0), *bits(0x0F)]) == [0x12, 0xF0, 0x0F]


def test_receiver_flags_a_missing_stop_bit_once_and_recovers():
    line = [*bits(0x41, stop=0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, *bits(0x42)]
    assert watch(line) == ["framing", 0x42]


def test_receiver_ignores_a_start_bit_that_is_too_short():
    dut, seen = UartReceiver(8), []

    async def drive(ctx):
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.rx, 0)
        await ctx.tick().repeat(3)
        ctx.set(dut.rx, 1)
        for _ in range(200):
            *_, valid, framing = await ctx.tick().sample(dut.o.valid, dut.framing_error)
            seen.append(valid | framing)

    simulator = Simulator(dut)
    simulator.add_clock(1 / CLOCK_HZ)
    simulator.add_testbench(drive)
    simulator.run()
    assert not any(seen)


def test_receiver_keeps_the_offered_byte_and_flags_the_lost_one():
    line = [*bits(0x12), *bits(0x34), 1, 1, *bits(0x56)]
    assert watch(line, take_after=170) == ["overrun", 0x12, 0x56]


def test_transmitter_times_every_bit():
    cycles = 4
    line = sent(UartTransmitter(cycles), len(BYTES) * (10 * cycles + 1) + 9)
    want = [1]
    for byte in BYTES:
        want += [level for bit in bits(byte) for level in [bit] * cycles] + [1]
    assert line == want + [1] * 8


def test_transmitter_keeps_the_rate_where_bits_differ_in_length():
    """Each edge is where it should be, to a cycle; in the first byte and in the last one."""
    cycles = Fraction(133, 16)
    line = sent(UartTransmitter(cycles), int(len(BYTES) * (10 * cycles + 2)))
    at = 1
    for byte in BYTES:
        for n, level in enumerate(bits(byte)):
            middle = at + int((n + 0.5) * cycles)
            assert line[middle - 2 : middle + 3] == [level] * 5, (byte, n)
        at = next(n for n in range(at + int(9.5 * cycles), len(line) + 1)
                  if n == len(line) or line[n] == 0)  # fmt: skip


def sent(dut: UartTransmitter, cycles: int) -> list[int]:
    """The line while BYTES go out, cycle by cycle."""
    line: list[int] = []

    async def offer(ctx):
        for byte in BYTES:
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def listen(ctx):
        for _ in range(cycles):
            line.append(ctx.get(dut.tx))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1 / CLOCK_HZ)
    simulator.add_testbench(offer)
    simulator.add_testbench(listen)
    simulator.run()
    return line


@pytest.mark.parametrize("kind", [UartReceiver, UartTransmitter])
def test_elaborates_to_rtlil(kind):
    assert "payload" in rtlil.convert(kind(8))


@pytest.mark.parametrize("baud, cycles", [(1_000_000, 25), (115_200, 217), (921_600, 27)])
def test_divisor(baud, cycles):
    assert divisor(25e6, baud) == cycles


def test_bits_of_no_whole_number_of_cycles():
    """3 Mbaud of a USB bridge from an oscillator of 25 MHz: bits of 8 and of 9 cycles."""
    assert divisor(25e6, 3e6) == Fraction(133, 16)
    assert abs(25e6 / 3e6 - 133 / 16) < 0.003 * 25e6 / 3e6


@pytest.mark.parametrize("baud", [25e6, 5.7e6, 25e6 / 4.3])
def test_divisor_refuses(baud):
    with pytest.raises(ParameterError, match="^UART baud rate: a bit .* clock of 2.5e.07 Hz"):
        divisor(25e6, baud)
