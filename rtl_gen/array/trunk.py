"""The memory of the residual blocks' sums: SPRAM with one port, or layers of block RAMs."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.memories import Slice, slices
from fq_hw.schedule.units import ArrayUnit
from rtl_gen.array.single_port import SinglePort

__all__ = ["Trunk"]


class Trunk(wiring.Component):
    """Reads or writes a word of ``pe`` sums per cycle.

    Members     r_addr: In; r_en: In(1); want: In(1); r_data: Out(a word; 0 where nobody wants it)
                write: In(1); w_addr: In; w_data: In(a word)
    Order       no cycle both reads and writes; of each sum ``trunk_bits`` are kept, the others of
                what is read are 0
    Latency     2 cycles in which ``r_en`` is high
    Resources   none where no sums are kept; with ``spram`` a SinglePort; else block RAM, cut into
                the slices and layers that take the fewest, each with its output register
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
        unit = self.unit
        if not unit.has_trunk:
            return m
        pe, whole, bits = unit.array.pe, unit.value_bits, unit.trunk_bits
        taken = Cat(self.w_data[n * whole :][:bits] for n in range(pe))
        if self.spram:
            found = self.one_port(m, taken)
        else:
            cuts, at, parts = slices(unit.trunk_depth, pe * bits), 0, []
            for n, cut in enumerate(cuts):
                parts.append(self.layers(m, taken[at:][: cut.bits], cut, len(cuts) == 1, n))
                at += cut.bits
            found = Cat(parts)
        above = Const(0, whole - bits)
        m.d.comb += self.r_data.eq(Cat(Cat(found[n * bits :][:bits], above) for n in range(pe)))
        return m

    def one_port(self, m: Module, taken: Value) -> Value:
        """All of a word in an SPRAM; returns what was read."""
        width, found = len(taken), Signal(len(taken), name="found")
        m.submodules.ram = ram = SinglePort(self.unit.trunk_depth, width, spram=self.spram)
        last = Signal.like(self.r_addr)  # while nothing moves, the word is read again
        with m.If(self.r_en):
            m.d.sync += [last.eq(self.r_addr), found.eq(Mux(self.want, ram.r_data, 0))]
        m.d.comb += [
            ram.addr.eq(Mux(self.write, self.w_addr, Mux(self.r_en, self.r_addr, last))),
            ram.write.eq(self.write.replicate(ram.lanes)),
            ram.w_data.eq(taken),
        ]
        return found

    def layers(self, m: Module, taken: Value, cut: Slice, alone: bool, number: int) -> Value:
        """A slice of a word in layers of blocks; returns what was read."""
        inside = (max(cut.rows, 2) - 1).bit_length()
        found: Value = Const(0)
        for layer in range(cut.layers):
            name = f"{number}_{layer}"
            ram = memory.Memory(
                shape=unsigned(cut.bits), depth=max(cut.rows, 2), init=[],
                attrs={"ram_style": "block"},
            )  # fmt: skip
            m.submodules[f"layer_{name}"] = ram
            read, write = ram.read_port(), ram.write_port()
            m.d.comb += [
                read.addr.eq(self.r_addr[:inside]),
                read.en.eq(self.r_en),
                write.addr.eq(self.w_addr[:inside]),
                write.data.eq(taken),
                write.en.eq(self.write & (self.w_addr[inside:] == layer)),
            ]
            single = alone and cut.layers == 1
            word = Signal(cut.bits, name=f"word_{name}", reset_less=not single)
            if single:
                with m.If(self.r_en):
                    m.d.sync += word.eq(Mux(self.want, read.data, 0))
                return word
            # Nothing stands between a block and its output register (boards.netlist).
            here = Signal(2, name=f"here_{name}")
            with m.If(self.r_en):
                m.d.sync += [
                    word.eq(read.data),
                    here.eq(Cat(self.r_addr[inside:] == layer, here[0] & self.want)),
                ]
            found |= word & here[1].replicate(len(word))
        return found
