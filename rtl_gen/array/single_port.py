"""A large memory with one port: SPRAM on iCE40 UltraPlus, block RAM elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ceil_div

__all__ = ["LANE", "SPRAM_DEPTH", "SinglePort"]

LANE = 16  # bits that are written together
SPRAM_DEPTH = 16_384


class SinglePort(wiring.Component):
    """A synchronous memory that reads or writes one word per cycle.

    Members     addr: In; write: In(1 per lane of 16 bits); w_data: In(width); r_data: Out(width)
    Order       r_data shows, in the next cycle, the word at addr; after a cycle with a write it is
                not defined
    Latency     1
    Resources   ice40: an SPRAM for every 16 bits, no initial contents; else block RAM
    Errors      refuses initial contents on ice40, and more than one SPRAM deep
    Source      Lattice FPGA-TN-02022, iCE40 SPRAM usage guide
    """

    def __init__(self, depth: int, width: int, *, spram: bool, init: Sequence[int] = ()):
        assert not (spram and init), "SPRAM has no initial contents"
        assert not spram or depth <= SPRAM_DEPTH, "one SPRAM deep"
        self.depth, self.width, self.spram, self.init = depth, width, spram, init
        self.lanes = ceil_div(width, LANE)
        super().__init__(
            {
                "addr": In((max(depth, 2) - 1).bit_length()),
                "write": In(self.lanes),
                "w_data": In(width),
                "r_data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        whole = self.lanes * LANE
        w_data, r_data = Signal(whole), Signal(whole)
        m.d.comb += [w_data.eq(self.w_data), self.r_data.eq(r_data)]
        if self.spram:
            for lane in range(self.lanes):
                m.submodules[f"spram_{lane}"] = Instance(
                    "SB_SPRAM256KA",
                    i_CLOCK=ClockSignal(),
                    i_ADDRESS=Cat(self.addr, Const(0, 14))[:14],
                    i_DATAIN=w_data[lane * LANE :][:LANE],
                    i_MASKWREN=Const(0b1111, 4),
                    i_WREN=self.write[lane],
                    i_CHIPSELECT=Const(1),
                    i_STANDBY=Const(0),
                    i_SLEEP=Const(0),
                    i_POWEROFF=Const(1),  # low switches it off
                    o_DATAOUT=r_data[lane * LANE :][:LANE],
                )
            return m
        m.submodules.ram = ram = memory.Memory(
            shape=unsigned(whole), depth=max(self.depth, 2), init=self.init
        )
        read, write = ram.read_port(), ram.write_port(granularity=LANE)
        m.d.comb += [
            read.addr.eq(self.addr),
            write.addr.eq(self.addr),
            write.data.eq(w_data),
            write.en.eq(self.write),
            r_data.eq(read.data),
        ]
        return m
