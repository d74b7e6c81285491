"""A serial port whose other end is a design in Amaranth's simulator, bit by bit."""

from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator

CLOCK_HZ = 1e6


class SimulatedPort:
    """What pyserial's Serial is to a board: ``write`` and ``read``, here in simulated time.

    ``bit_error`` makes this end's bits longer or shorter, as a share of a bit.
    """

    def __init__(self, dut: Elaboratable, divisor: int, timeout_s: float, bit_error: float = 0.0):
        self._dut = dut
        self._bit_s = divisor / CLOCK_HZ
        self._timeout_s = timeout_s
        self._send_bit_s = self._bit_s * (1 + bit_error)
        self._waiting: list[list[int]] = []  # bits of each byte to come
        self._received = bytearray()
        self._now = 0.0
        self._simulator = Simulator(dut)
        self._simulator.add_clock(1 / CLOCK_HZ)
        self._simulator.add_testbench(self._drive, background=True)
        self._simulator.add_testbench(self._listen, background=True)

    def write(self, data: bytes) -> None:
        for byte in data:
            self.write_bits([0, *(byte >> bit & 1 for bit in range(8)), 1])

    def write_bits(self, bits: list[int]) -> None:
        self._waiting.append(bits)

    def read(self, size: int) -> bytes:
        """Wait for ``size`` bytes, until the timeout has passed since all was sent."""
        end = None
        while len(self._received) < size and (end is None or self._now < end):
            if end is None and not self._waiting:
                end = self._now + self._timeout_s
            self.sleep(10 * self._bit_s)
        got, self._received = self._received[:size], self._received[size:]
        return bytes(got)

    def flush(self) -> None:
        while self._waiting:
            self.sleep(10 * self._bit_s)

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self._simulator.run_until(self._now)

    async def _drive(self, ctx):
        while True:
            if not self._waiting:
                await ctx.delay(self._bit_s)
                continue
            for bit in self._waiting[0]:
                ctx.set(self._dut.rx, bit)
                await ctx.delay(self._send_bit_s)
            self._waiting.pop(0)

    async def _listen(self, ctx):
        while True:
            await ctx.negedge(self._dut.tx)
            await ctx.delay(self._bit_s / 2)
            byte = 0
            for bit in range(8):
                await ctx.delay(self._bit_s)
                byte |= ctx.get(self._dut.tx) << bit
            await ctx.delay(self._bit_s)
            assert ctx.get(self._dut.tx) == 1, "a byte without its stop bit"
            self._received.append(byte)
