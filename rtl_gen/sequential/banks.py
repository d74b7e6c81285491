"""Activation banks: one for each column of the array, read at one address."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import FoldingError, require
from fq_hw.schedule.sequential.plan import SequentialPlan
from fq_hw.schedule.units import ceil_div

__all__ = ["Banks", "write_layout"]

EBR_DEPTH, EBR_WIDTH = 256, 16


def write_layout(plan: SequentialPlan) -> data.StructLayout:
    """A write: which banks, the address, which ``pe`` channels of a word, and the whole word."""
    array = plan.array
    return data.StructLayout(
        {
            "banks": array.columns,
            "addr": (array.depth - 1).bit_length(),
            "lanes": array.lane_groups,
            "word": array.simd * plan.act_bits,
        }
    )


class Banks(wiring.Component):
    """``columns`` memories of ``depth`` words with one write and one read port.

    Members     addr: In; o: Out(a word per column), of the address one cycle before
                write: In(write_layout)
    Order       the last bank keeps a pixel one address above the group that it ends: a group and
                the pixel before it are read at one address
    Latency     1; a word is read as it was before a write in the same cycle
    Resources   block RAM. ``ebr`` names those of iCE40: Yosys would add logic for reads of a word
                that is being written, which no pass does
    Errors      refuses other depths than 256 as ``ebr``
    Source      Lattice FPGA-TN-02002, iCE40 memory usage guide
    """

    def __init__(self, plan: SequentialPlan, *, ebr: bool = False):
        self.plan, self.ebr = plan, ebr
        array = plan.array
        contract = f"depth must be {EBR_DEPTH} in EBR of iCE40"
        require(not ebr or array.depth == EBR_DEPTH, "Banks", contract, array.depth, FoldingError)
        word = array.simd * plan.act_bits
        super().__init__(
            {
                "addr": In((array.depth - 1).bit_length()),
                "o": Out(data.ArrayLayout(word, array.columns)),
                "write": In(write_layout(plan)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array, bits = self.plan.array, self.plan.act_bits
        above = Signal.like(self.write.addr)
        m.d.comb += above.eq(self.write.addr + 1)
        for bank in range(array.columns):
            addr = above if bank == array.columns - 1 else self.write.addr
            if self.ebr:
                self.blocks(m, bank, addr)
                continue
            ram = memory.Memory(
                shape=unsigned(array.simd * bits),
                depth=array.depth,
                init=[],
                attrs={"ram_style": "block"},
            )
            m.submodules[f"bank_{bank}"] = ram
            read, write = ram.read_port(), ram.write_port(granularity=array.pe * bits)
            m.d.comb += [
                read.addr.eq(self.addr),
                self.o[bank].eq(read.data),
                write.addr.eq(addr),
                write.data.eq(self.write.word),
                write.en.eq(self.write.lanes & self.write.banks[bank].replicate(array.lane_groups)),
            ]
        return m

    def blocks(self, m: Module, bank: int, addr: Value) -> None:
        """One bank of blocks that are 16 bits wide, written bit by bit under a mask."""
        array, bits = self.plan.array, self.plan.act_bits
        width = array.simd * bits
        whole = ceil_div(width, EBR_WIDTH) * EBR_WIDTH
        spare = Const(0, whole - width)
        word, keep, out = Signal(whole), Signal(whole), Signal(whole)
        lanes = Cat(lane.replicate(array.pe * bits) for lane in self.write.lanes)
        m.d.comb += [
            word.eq(Cat(self.write.word, spare)),
            keep.eq(~Cat(lanes, spare)),
            self.o[bank].eq(out),
        ]
        for part in range(whole // EBR_WIDTH):
            piece = slice(part * EBR_WIDTH, (part + 1) * EBR_WIDTH)
            m.submodules[f"bank_{bank}_{part}"] = Instance(
                "SB_RAM40_4K",
                p_READ_MODE=0, p_WRITE_MODE=0,
                i_RCLK=ClockSignal(), i_RCLKE=Const(1), i_RE=Const(1),
                i_RADDR=Cat(self.addr, Const(0, 3)), o_RDATA=out[piece],
                i_WCLK=ClockSignal(), i_WCLKE=Const(1), i_WE=self.write.banks[bank],
                i_WADDR=Cat(addr, Const(0, 3)), i_WDATA=word[piece], i_MASK=keep[piece],
            )  # fmt: skip
