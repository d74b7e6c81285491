"""A core with a table in block RAM, small enough that its board's netlist is made in seconds."""

from pathlib import Path

import fake_router
import numpy as np
from amaranth.hdl import Array, Module, Signal, signed, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

import boards
from boards import netlist
from boards.build import NETLIST, build
from boards.links import Uart
from boards.protocol import REQUEST_SYNC, Info, Request, frame_request, pack
from boards.uart import divisor
from fq_hw.schedule.units import ResultKind
from sim.netlist import bench, models, pins, verilog

PIXELS = 12
INFO = Info(pixels=PIXELS, colours=1, classes=2, best=1, label_bytes=1, score_bytes=3)
AROUND = len(pack(REQUEST_SYNC, 0, 0))
BAUD = {
    "ulx3s-25f": 6_250_000, "hx8k-breakout": 3_000_000, "icebreaker": 3_000_000,
    "tang-nano-9k": 3_000_000, "tang-primer-25k": 3_000_000,
}  # fmt: skip


def table(shape: int = 18, depth: int = 512) -> list[int]:
    """What is in the block RAM."""
    return np.random.default_rng(5).integers(0, 2**shape, depth).tolist()


class TableCore(wiring.Component):
    """Score 0 is the sum of the pixels' entries in a table, modulo 2**23; score 1 is 5."""

    def __init__(self):
        beat = data.StructLayout({"data": signed(24), "kind": 2, "last": 1})
        pixel = data.ArrayLayout(unsigned(8), 1)
        super().__init__({"i": In(stream.Signature(pixel)), "o": Out(stream.Signature(beat))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.table = rom = memory.Memory(shape=18, depth=512, init=table())
        read = rom.read_port()
        left, beat = Signal(range(PIXELS + 1), init=PIXELS), Signal(range(3))
        total, come = Signal(23, name="total"), Signal()
        m.d.comb += [
            read.addr.eq(self.i.payload[0]),
            read.en.eq(1),
            self.i.ready.eq(left != 0),
            self.o.valid.eq((left == 0) & ~come),
            self.o.p.data.eq(Array([total, 5, total < 5])[beat]),
            self.o.p.kind.eq(Array([ResultKind.SCORE, ResultKind.SCORE, ResultKind.LABEL])[beat]),
            self.o.p.last.eq(beat == 2),
        ]
        m.d.sync += come.eq(self.i.valid & self.i.ready)
        with m.If(come):
            m.d.sync += total.eq(total + read.data)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += left.eq(left - 1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(beat + 1)
            with m.If(self.o.p.last):
                m.d.sync += [left.eq(PIXELS), total.eq(0), beat.eq(0)]
        return m


def frames(count: int) -> list[bytes]:
    """Random pixels."""
    drawn = np.random.default_rng(6).integers(0, 256, (count, PIXELS), np.uint8)
    return [row.tobytes() for row in drawn]


def scores(frame: bytes) -> tuple[int, int]:
    """What TableCore says of a frame."""
    entries = table()
    return sum(entries[pixel] for pixel in frame) % 2**23, 5


def synthesised(board: str, folder: Path, monkeypatch, clock_mhz: float | None = None) -> dict:
    """The netlist of TableCore for ``board``, as the router gets it; an ECP5's is a fake."""
    if boards.find(board).family == "ecp5":
        fake_router.put(folder, monkeypatch, ecppack=fake_router.PACKER)
    found = boards.find(board)
    out = folder / f"table{found.toolchain.bitstream}"
    how = {"info": INFO, "link": Uart(BAUD[board]), "keep_netlist": True, "clock_mhz": clock_mhz}
    built = build(TableCore(), found, out, **how)
    return netlist.read(built.work / NETLIST)


def requests(count: int) -> list[tuple[bytes, int]]:
    """What is sent, and how long the replies are."""
    asked = [(pack(REQUEST_SYNC, Request.QUERY, 1), AROUND + len(INFO.pack()))]
    sent = [frame_request(n + 1, frame, INFO) for n, frame in enumerate(frames(count))]
    return asked + [(frame, AROUND + INFO.result_bytes) for frame in sent]


def heard(
    design: dict,
    board: str,
    folder: Path,
    programs: Path,
    seed: int = 1,
    clock_mhz: float | None = None,
) -> list[bench.Heard]:
    """What the netlist ``design`` says to ``requests``."""
    found = boards.find(board)
    ours = pins.pins_of(list(design["modules"]["top"]["ports"]))
    pins.settle_pins(design, ours)
    text = verilog.as_verilog(design, models.models(found.family), "netlist")
    sources = {"netlist.v": text, "board.v": pins.around_netlist("netlist", ours)}
    bit = divisor((clock_mhz or found.clock_mhz) * 1e6, BAUD[board])
    sources |= models.model_files(found.family)
    program = bench.build(sources, bit, programs)
    return bench.talk(program, requests(3), folder, start=4000, limit=5000, seed=seed)
