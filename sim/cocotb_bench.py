"""cocotb bench of a Collection: each part's vectors under pairs of stall patterns.

The environment variable FQ_VECTORS names the JSON file of ``sim.components.replay``; the bench
computes no beat. Drivers and monitor are cocotb-bus's: a ValidatedBusDriver offers, a BitDriver is
ready, a BusMonitor watches. Signals are sampled in the middle of a cycle, when all has settled.
"""

from __future__ import annotations

import collections
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import (
    ClockCycles,
    Event,
    FallingEdge,
    RisingEdge,
    SimTimeoutError,
    gather,
    with_timeout,
)
from cocotb_bus.drivers import BitDriver, ValidatedBusDriver
from cocotb_bus.monitors import BusMonitor

from sim.stalls import pattern

TASK = json.loads(Path(os.environ["FQ_VECTORS"]).read_text())
VECTORS = TASK["vectors"]
CLOCK_NS = 10
QUIET = 16  # cycles after the last expected beat in which no other may come


def runs(name: str, port: int) -> Iterator[tuple[int, int]] | None:
    """A stall pattern as cocotb-bus wants it: cycles on, cycles off, for ever."""
    pauses = pattern(name, port)
    if not any(pauses):
        return None
    lengths = [(pause, len(list(run))) for pause, run in itertools.groupby(pauses)]
    if lengths[0][0]:
        lengths = lengths[1:] + lengths[:1]
    on = [length for pause, length in lengths if not pause]
    off = [length for pause, length in lengths if pause]
    return itertools.cycle(list(itertools.zip_longest(on, off, fillvalue=0)))


class Source(ValidatedBusDriver):
    """Offers each beat until it is taken; in a pause the payload is noise.

    A payload is there ``late`` cycles after its beat is taken.
    """

    _signals = ("valid", "ready", "data")

    def __init__(self, dut, name: str, pauses: Iterator[tuple[int, int]] | None, late: int):
        super().__init__(dut, name, dut.clk, valid_generator=pauses, case_insensitive=False)
        self.noise = (1 << len(self.bus.data)) - 1
        self.bus.valid.value = 0
        self.late, self.taken = late, None
        if late:
            cocotb.start_soon(self._pay())

    async def _pay(self) -> None:
        """Late payloads: what was taken in the last cycle is behind ``late - 1`` others."""
        line = collections.deque([None] * (self.late - 1))
        last = 0
        while True:
            await RisingEdge(self.clock)
            line.append(self.taken)
            self.taken, beat = None, line.popleft()
            self.bus.data.value = last ^ self.noise if beat is None else beat
            last = last if beat is None else beat

    async def _driver_send(self, transaction: int, sync: bool = True) -> None:
        if not self.on:
            for _ in range(self.off):
                await RisingEdge(self.clock)
            self._next_valids()
        if self.on is not True:
            self.on -= 1
        if not self.late:
            self.bus.data.value = transaction
        self.bus.valid.value = 1
        await FallingEdge(self.clock)
        while not int(self.bus.ready.value):
            await FallingEdge(self.clock)
        self.taken = transaction
        await RisingEdge(self.clock)
        self.bus.valid.value = 0
        if not self.late:
            self.bus.data.value = transaction ^ self.noise


class Watch(BusMonitor):
    """Compares what an output gives, beat by beat but for ``ignore``; holds it to the stream rules.

    ``ignore`` has a mask per beat, or is empty. Payloads come ``late`` cycles after their beats.
    """

    _signals = ("valid", "ready", "data")

    def __init__(
        self, dut, name: str, beats: list[int], ignore: list[int], late: int, endless: bool
    ):
        self.beats, self.ignore, self.late, self.endless = beats, ignore, late, endless
        self.taken, self.done = 0, Event()
        super().__init__(dut, name, dut.clk, case_insensitive=False)

    async def _monitor_recv(self) -> None:
        waiting = None
        line = collections.deque([None] * self.late)  # beats whose payloads are to come
        while True:
            await FallingEdge(self.clock)
            valid, ready = int(self.bus.valid.value), int(self.bus.ready.value)
            beat, index = int(self.bus.data.value), self.taken
            assert valid or waiting is None, f"{self.where(index)}: valid must hold until taken"
            if self.endless and self.done.is_set():
                continue
            if valid:
                changed = waiting not in (None, beat) and not self.late
                assert not changed, f"{self.where(index)}: payload must hold until taken"
                over = index == len(self.beats)
                assert self.endless or not over, f"{self.where(index)}: a beat too many"
                waiting = None if ready else beat
                if not self.late and not over:
                    self.compare(index, beat)
                self.taken += ready and not over
            line.append(index if self.taken > index else None)
            index = line.popleft()
            if index is None:
                continue
            if self.late:
                self.compare(index, beat)
            self._recv(beat)
            if index + 1 == len(self.beats):
                self.done.set()

    def compare(self, index: int, beat: int) -> None:
        want = self.beats[index]
        ignored = self.ignore[index] if self.ignore else 0
        same = not (beat ^ want) & ~ignored
        assert same, f"{self.where(index)}: got {beat:#x}, want {want:#x}"

    def where(self, index: int) -> str:
        return f"{self.name} beat {index}"


async def start(dut, name: str) -> None:
    """Run the clock, leave the part in the middle of something, and reset it with idle inputs.

    Before the reset inputs offer whatever is there, and outputs are taken in turn, then blocked.
    """
    case = VECTORS[name]
    inputs = [getattr(dut, f"{name}_{port}_valid") for port in case["i"]]
    outputs = [getattr(dut, f"{name}_{port}_ready") for port in case["o"]]
    cocotb.start_soon(Clock(dut.clk, CLOCK_NS, "ns").start())
    for reset, turn, cycles in ((0, 0, 7), (0, 1, 6), (1, None, 2)):
        dut.rst.value = reset
        for signal in inputs:
            signal.value = not reset
        for index, signal in enumerate(outputs):
            signal.value = index % 2 == turn
        await ClockCycles(dut.clk, cycles)
    dut.rst.value = 0


@cocotb.test()
@cocotb.parametrize(
    ("name", [cocotb.Param(name, name=name) for name in VECTORS]),
    (("pause_in", "pause_out"), TASK["grid"]),
)
async def replay(dut, name: str, pause_in: str, pause_out: str) -> None:
    """Outputs equal the vectors' beats: in order, none missing, none extra."""
    case = VECTORS[name]
    await start(dut, name)
    sources = {
        port: Source(dut, f"{name}_{port}", runs(pause_in, index), case["late"].get(port, 0))
        for index, port in enumerate(case["i"])
    }
    watches = [
        Watch(
            dut,
            f"{name}_{port}",
            beats,
            case["ignore"].get(port, []),
            case["late"].get(port, 0),
            case["endless"],
        )
        for port, beats in case["o"].items()
    ]
    waits = [watch.done.wait() for watch in watches]
    for index, port in enumerate(case["o"], len(sources)):
        ready = getattr(dut, f"{name}_{port}_ready")
        ready.value = 1
        pauses = runs(pause_out, index)
        if pauses:
            BitDriver(ready, dut.clk, pauses).start()
    for port, source in sources.items():
        last = Event()
        for number, beat in enumerate(case["i"][port], 1):
            source.append(beat, event=last if number == len(case["i"][port]) else None)
        waits.append(last.wait())
    try:
        await with_timeout(gather(*waits), case["limit"] * CLOCK_NS, "ns")
    except SimTimeoutError:
        state = ", ".join(f"{watch.where(watch.taken)} of {len(watch.beats)}" for watch in watches)
        raise AssertionError(f"stands still before {state}, or an input is not taken") from None
    if not case["endless"]:
        await ClockCycles(dut.clk, QUIET)
