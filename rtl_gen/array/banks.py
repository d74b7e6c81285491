"""Activation banks: one for each column of the array, read at one address."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.delay import delay

__all__ = ["Banks", "write_layout"]


def write_layout(unit: ArrayUnit) -> data.StructLayout:
    """A write: which banks, the address, which ``pe`` channels of a word, and the whole word."""
    array = unit.array
    return data.StructLayout(
        {
            "banks": array.columns,
            "addr": (array.depth - 1).bit_length(),
            "lanes": array.lane_groups,
            "word": array.simd * unit.act_bits,
        }
    )


class Banks(wiring.Component):
    """``columns`` memories of ``depth`` words with one write and one read port.

    Members     addr, addr_last: In(of all banks but the last, of that one)
                o: Out(a word per column), unit.reads cycles after its address
                write: In(write_layout), done a cycle later
    Order       the last bank keeps a pixel one address above the group that it ends: a group and
                the pixel before it are read at one address (Region)
    Latency     unit.reads; no pass reads a word in the cycle in which it is written
    Resources   block RAM
    Errors      none
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        array = unit.array
        word = array.simd * unit.act_bits
        super().__init__(
            {
                "addr": In((array.depth - 1).bit_length()),
                "addr_last": In((array.depth - 1).bit_length()),
                "o": Out(data.ArrayLayout(word, array.columns)),
                "write": In(write_layout(unit)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array, bits = self.unit.array, self.unit.act_bits
        given, above = Signal.like(self.write), Signal.like(self.write.addr)
        m.d.sync += given.eq(self.write)
        m.d.comb += above.eq(given.addr + 1)
        for bank in range(array.columns):
            ram = memory.Memory(
                shape=unsigned(array.simd * bits),
                depth=array.depth,
                init=[],
                attrs={"ram_style": "block"},
            )
            m.submodules[f"bank_{bank}"], last = ram, bank == array.columns - 1
            read, write = ram.read_port(), ram.write_port(granularity=array.pe * bits)
            word = delay(m, read.data, self.unit.reads - 1, f"word_{bank}", reset_less=True)
            m.d.comb += [
                read.addr.eq(self.addr_last if last else self.addr),
                self.o[bank].eq(word),
                write.addr.eq(above if last else given.addr),
                write.data.eq(given.word),
                write.en.eq(given.lanes & given.banks[bank].replicate(array.lane_groups)),
            ]
        return m
