"""The memory of the residual blocks' sums: SPRAM with one port, or layers of block RAMs."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.memories import ram_layers
from fq_hw.schedule.units import ArrayUnit
from rtl_gen.array.single_port import SinglePort

__all__ = ["Trunk"]


class Trunk(wiring.Component):
    """Reads or writes a word of ``pe`` sums per cycle.

    Members     r_addr: In; r_en: In(1); want: In(1); r_data: Out(a word; 0 where nobody wants it)
                write: In(1); w_addr: In; w_data: In(a word)
    Order       no cycle both reads and writes
    Latency     2 cycles in which ``r_en`` is high
    Resources   with ``spram`` a SinglePort; else block RAM, cut into the layers that take the
                fewest, each with its output register
    Errors      none
    """

    def __init__(self, unit: ArrayUnit, *, spram: bool):
        self.unit, self.spram = unit, spram
        word = unit.array.pe * unit.value_bits
        address = (max(unit.trunk_depth, 2) - 1).bit_length()
        super().__init__(
            {
                "r_addr": In(address),
                "r_en": In(1),
                "want": In(1),
                "r_data": Out(word),
                "write": In(1),
                "w_addr": In(address),
                "w_data": In(word),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if self.spram:
            self.one_port(m)
        else:
            self.layers(m)
        return m

    def one_port(self, m: Module) -> None:
        width = len(self.r_data)
        m.submodules.ram = ram = SinglePort(self.unit.trunk_depth, width, spram=self.spram)
        last = Signal.like(self.r_addr)  # while nothing moves, the word is read again
        with m.If(self.r_en):
            m.d.sync += [last.eq(self.r_addr), self.r_data.eq(Mux(self.want, ram.r_data, 0))]
        m.d.comb += [
            ram.addr.eq(Mux(self.write, self.w_addr, Mux(self.r_en, self.r_addr, last))),
            ram.write.eq(self.write.replicate(ram.lanes)),
            ram.w_data.eq(self.w_data),
        ]

    def layers(self, m: Module) -> None:
        rows, count = ram_layers(self.unit.trunk_depth, len(self.r_data))
        inside = (max(rows, 2) - 1).bit_length()
        found = 0
        for layer in range(count):
            ram = memory.Memory(
                shape=unsigned(len(self.r_data)), depth=max(rows, 2), init=[],
                attrs={"ram_style": "block"},
            )  # fmt: skip
            m.submodules[f"layer_{layer}"] = ram
            read, write = ram.read_port(), ram.write_port()
            m.d.comb += [
                read.addr.eq(self.r_addr[:inside]),
                read.en.eq(self.r_en),
                write.addr.eq(self.w_addr[:inside]),
                write.data.eq(self.w_data),
                write.en.eq(self.write & (self.w_addr[inside:] == layer)),
            ]
            word = Signal(len(self.r_data), name=f"word_{layer}", reset_less=count > 1)
            if count == 1:
                with m.If(self.r_en):
                    m.d.sync += word.eq(Mux(self.want, read.data, 0))
                found = word
                break
            # Nothing stands between a block and its output register (boards.netlist).
            here = Signal(2, name=f"here_{layer}")
            with m.If(self.r_en):
                m.d.sync += [
                    word.eq(read.data),
                    here.eq(Cat(self.r_addr[inside:] == layer, here[0] & self.want)),
                ]
            found |= word & here[1].replicate(len(word))
        m.d.comb += self.r_data.eq(found)
