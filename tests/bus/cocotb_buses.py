"""cocotb bench of designs with buses, driven by cocotbext-axi and cocotbext-wishbone.

FQ_BUSES names a JSON file: pairs of stalls, and per design its kind, what it is shown, and what
golden makes of it.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotb_bus.monitors import BusMonitor
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from cocotbext.wishbone.driver import WBOp, WishboneMaster

TASK = json.loads(Path(os.environ["FQ_BUSES"]).read_text())
DESIGNS, GRID = TASK["designs"], TASK["stalls"]
AXI = [name for name, one in DESIGNS.items() if one["kind"] == "axi4-stream"]
WISHBONE = [name for name, one in DESIGNS.items() if one["kind"] == "wishbone"]
STALLS = {"none": None, "some": 0.3, "most": 0.85}
CLOCK_NS = 10


def dice(chance: float, seed: int):
    """Pauses at random, for ever."""
    roll = random.Random(seed)
    return (roll.random() < chance for _ in itertools.count())


async def start(dut) -> None:
    """The clock, and a reset."""
    cocotb.start_soon(Clock(dut.clk, CLOCK_NS, "ns").start())
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0


class Watch(BusMonitor):
    """Holds a master to the rules: what is offered stays until it is taken. Notes each transfer."""

    _signals = ("tvalid", "tready", "tdata", "tlast", "tuser")

    def __init__(self, dut, name):
        self.cycle, self.moves = 0, []
        super().__init__(dut, name, dut.clk, case_insensitive=False)

    async def _monitor_recv(self) -> None:
        waiting = None
        while True:
            await RisingEdge(self.clock)
            bus = self.bus
            offered = None
            if int(bus.tvalid.value):
                offered = int(bus.tdata.value), int(bus.tlast.value), int(bus.tuser.value)
            if waiting is not None:
                assert offered == waiting, f"{self.name}: {waiting} became {offered}"
            taken = offered is not None and int(bus.tready.value)
            if taken:
                self.moves.append((self.cycle, *offered))
            waiting = None if taken else offered
            self.cycle += 1


class Stream:
    """Source, sink and watch of a design."""

    def __init__(self, dut, name: str, pause_in: str = "none", pause_out: str = "none"):
        self.case, self.dut = DESIGNS[name], dut
        ends = (dut.clk, dut.rst)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"{name}_s_axis"), *ends)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, f"{name}_m_axis"), *ends)
        self.watch = Watch(dut, f"{name}_m_axis")
        for end, pauses in ((self.source, pause_in), (self.sink, pause_out)):
            if STALLS[pauses] is not None:
                end.set_pause_generator(dice(STALLS[pauses], len(name)))

    async def results(self, count: int) -> list[AxiStreamFrame]:
        """The next results, each a packet; a deadlock fails."""
        limit = 20 * (count + 2) * self.case["interval"] * CLOCK_NS
        return [await with_timeout(self.sink.recv(), limit, "ns") for _ in range(count)]


@cocotb.test()
@cocotb.parametrize(("name", AXI), (("pause_in", "pause_out"), GRID))
async def results_are_those_of_golden(dut, name, pause_in, pause_out):
    await start(dut)
    stream = Stream(dut, name, pause_in, pause_out)
    frames = [bytes.fromhex(text) for text in stream.case["frames"]]
    for frame in frames:
        await stream.source.send(AxiStreamFrame(frame))
    found = await stream.results(len(frames))
    assert [bytes(one.tdata).hex() for one in found] == stream.case["results"]
    assert not any(any(one.tuser) if isinstance(one.tuser, list) else one.tuser for one in found)


@cocotb.test()
@cocotb.parametrize(name=AXI)
async def a_bus_costs_no_cycles(dut, name):
    """Neither a frame's interval, nor more latency than the head of the Verilog says."""
    await start(dut)
    stream = Stream(dut, name)
    case = stream.case
    moves = []

    async def first_beat():
        source = stream.source.bus
        cycle = 0
        while not moves:
            await RisingEdge(dut.clk)
            if int(source.tvalid.value) and int(source.tready.value):
                moves.append(cycle)
            cycle += 1

    cocotb.start_soon(first_beat())
    await stream.source.send(AxiStreamFrame(b"".join(map(bytes.fromhex, case["frames"]))))
    await stream.results(len(case["frames"]))
    ends = [cycle for cycle, _, last, _ in stream.watch.moves if last]
    assert ends[0] - moves[0] == case["latency"]
    assert ends[-1] - ends[-2] == case["interval"]


@cocotb.test()
@cocotb.parametrize(name=AXI, pause_in=["none", "some"])
async def packets_of_any_length(dut, name, pause_in):
    """Two frames in a packet, one that ends too early, one that is whole again."""
    await start(dut)
    stream = Stream(dut, name, pause_in, "some")
    case = stream.case
    first, second, third = (bytes.fromhex(text) for text in case["frames"])
    await stream.source.send(AxiStreamFrame(first + second))
    await stream.source.send(AxiStreamFrame(third[: case["cut"]]))
    await stream.source.send(AxiStreamFrame(third))
    await stream.source.send(AxiStreamFrame(first))
    found = await stream.results(5)
    whole = case["results"]
    want = [*whole[:2], case["short"], whole[2], whole[0]]
    assert [bytes(one.tdata).hex() for one in found] == want
    marks = [user for _, _, last, user in stream.watch.moves if last]
    assert marks == [0, 0, 1, 0, 0]


class Registers:
    """A design's registers, through a master."""

    def __init__(self, dut, name: str, seed: int = 1):
        signals = {
            "cyc": "wb_cyc_i", "stb": "wb_stb_i", "we": "wb_we_i", "adr": "wb_adr_i",
            "datwr": "wb_dat_i", "datrd": "wb_dat_o", "ack": "wb_ack_o", "err": "wb_err_o",
            "sel": "wb_sel_i",
        }  # fmt: skip
        self.case = DESIGNS[name]
        self.at = self.case["registers"]
        self.master = WishboneMaster(dut, name, dut.clk, timeout=9999, signals_dict=signals)
        self.dice = random.Random(seed)

    async def access(self, *operations) -> list:
        """Reads (a name) and writes (a name, a value) in one cycle of the bus, with pauses."""
        ops = []
        for one in operations:
            name, value = one if isinstance(one, tuple) else (one, None)
            word = self.at[name] if isinstance(name, str) else name
            ops.append(WBOp(word, value, idle=self.dice.choice([0, 0, 1, 5])))
        found = await self.master.send_cycle(ops)
        return found

    async def read(self, name) -> int:
        (found,) = await self.access(name)
        assert found.ack == 1
        return int(found.datrd)

    async def write(self, name, value: int) -> int:
        """How the access ended: 1 acknowledged, 2 with an error."""
        (found,) = await self.access((name, value))
        return found.ack

    async def show(self, frame: bytes) -> None:
        for at in range(0, len(frame), 4):
            assert await self.write("PIXELS", int.from_bytes(frame[at : at + 4], "little")) == 1

    async def result(self) -> str:
        """The waiting result as bytes in hex, and room for the next."""
        per = self.case["score_words"]
        count = (self.case["classes"] + self.case["best"]) * per
        label = await self.read("LABEL")
        words = [await self.read(self.at["SCORES"] + n) for n in range(count)]
        assert words[self.case["classes"] * per] == label
        assert await self.write("STATUS", 1) == 1
        return b"".join(word.to_bytes(4, "little") for word in words).hex()


@cocotb.test()
@cocotb.parametrize(name=WISHBONE, seed=[1, 2])
async def frames_by_registers(dut, name, seed):
    await start(dut)
    wb = Registers(dut, name, seed)
    case, irq = wb.case, getattr(dut, f"{name}_irq_o")
    shown = [await wb.read(one) for one in ("ID", "VERSION", "IMAGE", "RESULT")]
    assert shown == case["constants"]
    for frame, result in zip(case["frames"], case["results"], strict=True):
        await wb.show(bytes.fromhex(frame))
        while not await wb.read("STATUS") & 1:
            pass
        assert int(irq.value) == 0
        await wb.write("CONTROL", 2)
        await RisingEdge(dut.clk)
        assert int(irq.value) == 1
        assert await wb.read("CONTROL") == 2
        assert await wb.result() == result
        await RisingEdge(dut.clk)
        assert int(irq.value) == 0
        assert await wb.read("STATUS") == 2
        await wb.write("CONTROL", 0)


@cocotb.test()
@cocotb.parametrize(name=WISHBONE)
async def nobody_takes_results(dut, name):
    """Frames without end, none read: an error and no hang, and no result is lost."""
    await start(dut)
    wb = Registers(dut, name)
    frames = [bytes.fromhex(text) for text in wb.case["frames"]]
    shown = 0
    for number in range(20):
        frame = frames[number % len(frames)]
        ends = 1
        for at in range(0, len(frame), 4):
            word = int.from_bytes(frame[at : at + 4], "little")
            ends = await wb.write("PIXELS", word)
            if ends != 1:
                break
        if ends != 1:
            break
        shown += 1
    assert ends == 2, "the twentieth frame was taken, and no result read"
    assert await wb.read("STATUS") & 1
    for number in range(shown):
        while not await wb.read("STATUS") & 1:
            pass
        assert await wb.result() == wb.case["results"][number % len(frames)]


@cocotb.test()
@cocotb.parametrize(name=WISHBONE)
async def a_reset_in_the_middle(dut, name):
    """Half a frame, then a reset by CONTROL: the next word begins a frame."""
    await start(dut)
    wb = Registers(dut, name)
    frame = bytes.fromhex(wb.case["frames"][0])
    await wb.show(frame[: len(frame) // 8 * 4])
    assert await wb.read("STATUS") & 4
    assert await wb.write("CONTROL", 3) == 1
    assert await wb.read("STATUS") == 2
    assert await wb.read("CONTROL") == 0
    for name in ("PIXELS", "CONTROL"):  # bytes are no word: an error, and nothing changes
        (found,) = await wb.master.send_cycle([WBOp(wb.at[name], 0xFFFFFFFE, sel=0b0001)])
        assert found.ack == 2
        assert await wb.read("STATUS") == 2 and await wb.read("CONTROL") == 0
    await wb.show(frame)
    while not await wb.read("STATUS") & 1:
        pass
    assert await wb.result() == wb.case["results"][0]
