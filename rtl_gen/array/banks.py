"""Activation banks: one for each column of the array, read at one address."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit

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

    Members     addr: In; go: In(1); o: Out(a word per column), of the address when last it went
                write: In(write_layout)
    Order       the last bank keeps a pixel one address above the group that it ends: a group and
                the pixel before it are read at one address
    Latency     1; no pass reads a word in the cycle in which it is written
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
                "go": In(1),
                "o": Out(data.ArrayLayout(word, array.columns)),
                "write": In(write_layout(unit)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array, bits = self.unit.array, self.unit.act_bits
        above = Signal.like(self.write.addr)
        m.d.comb += above.eq(self.write.addr + 1)
        for bank in range(array.columns):
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
                read.en.eq(self.go),
                self.o[bank].eq(read.data),
                write.addr.eq(above if bank == array.columns - 1 else self.write.addr),
                write.data.eq(self.write.word),
                write.en.eq(self.write.lanes & self.write.banks[bank].replicate(array.lane_groups)),
            ]
        return m
