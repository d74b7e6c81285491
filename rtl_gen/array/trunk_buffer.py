"""What is here of a trunk that lies outside: some groups that came, some that are to go."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.streams import signature

__all__ = ["TrunkBuffer"]


class TrunkBuffer(wiring.Component):
    """A group's sums are read and written here as in a Trunk; streams bring and take them.

    Members     r_addr: In; want: In(1); r_data: Out(a word; 0 where nobody wants it)
                write: In(1); w_addr: In; w_data: In(a word)
                adds: In(1), a group's sums are complete that are to meet the trunk's; there: Out(1)
                theirs are here; read_last: In(1), the last word of a group is read
                keeps: In(1), a group's sums are complete that are to stay; room: Out(1), they may;
                wrote_last: In(1), the last word of a group is written
                i_trunk: In(stream), o_trunk: Out(stream): words of ``pe`` sums, ArrayUnit.outside
    Order       addresses are those of the trunk, of which the place in a group counts here; words
                come and go in the order of the trunk
    Latency     2 cycles from an address to its word; a cycle from a group's last word to ``there``,
                or to the first beat of ``o_trunk``
    Resources   distributed RAM of unit.GROUPS groups, twice
    Errors      none: whoever does not ask ``there`` and ``room`` reads and writes other words
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        word = unit.array.pe * unit.value_bits
        address = (max(unit.trunk_depth, 2) - 1).bit_length()
        super().__init__(
            {
                "r_addr": In(address),
                "want": In(1),
                "r_data": Out(word),
                "write": In(1),
                "w_addr": In(address),
                "w_data": In(word),
                "adds": In(1),
                "there": Out(1),
                "read_last": In(1),
                "keeps": In(1),
                "room": Out(1),
                "wrote_last": In(1),
                "i_trunk": In(signature(unit.outside)),
                "o_trunk": Out(signature(unit.outside)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        pe, whole, bits = unit.array.pe, unit.value_bits, unit.trunk_bits
        place = (unit.array.columns - 1).bit_length()
        size, above = pe * bits, Const(0, whole - bits)

        came = self.i_trunk.valid & self.i_trunk.ready
        into, out_group = Signal(range(self.words)), Signal()
        with m.If(came):
            m.d.sync += into.eq(into + 1)
        with m.If(self.read_last):
            m.d.sync += out_group.eq(~out_group)
        filled = came & into[:place].all()
        here = self.count(m, "here", filled, self.adds)  # and no group's sums have met them
        m.d.comb += [
            self.there.eq(here.any()),
            self.i_trunk.ready.eq(~self.count(m, "held", filled, self.read_last)[-1]),
        ]
        beat = self.i_trunk.payload.as_value()[:size]
        found = self.ram(m, "coming", came, into, beat, Cat(self.r_addr[:place], out_group))
        first, word = (Signal(size, name=name) for name in ("first", "word"))
        m.d.sync += [first.eq(found), word.eq(Mux(self.want, first, 0))]
        m.d.comb += self.r_data.eq(Cat(Cat(word[n * bits :][:bits], above) for n in range(pe)))

        gone = self.o_trunk.valid & self.o_trunk.ready
        in_group, out = Signal(), Signal(range(self.words))
        with m.If(self.wrote_last):
            m.d.sync += in_group.eq(~in_group)
        with m.If(gone):
            m.d.sync += out.eq(out + 1)
        drained = gone & out[:place].all()
        taken = Cat(self.w_data[n * whole :][:bits] for n in range(pe))
        at = Cat(self.w_addr[:place], in_group)
        going = self.ram(m, "going", self.write, at, taken, out)
        m.d.comb += [
            self.room.eq(~self.count(m, "kept", self.keeps, drained)[-1]),
            self.o_trunk.valid.eq(self.count(m, "whole", self.wrote_last, drained).any()),
            self.o_trunk.payload.as_value().eq(going),
        ]
        return m

    @property
    def words(self) -> int:
        return self.unit.GROUPS * self.unit.array.columns

    def count(self, m: Module, name: str, more: Value, fewer: Value) -> Signal:
        """How many groups there are; of a power of two the top bit says that these are all."""
        number = Signal(range(self.unit.GROUPS + 1), name=name)
        with m.If(more ^ fewer):
            m.d.sync += number.eq(Mux(more, number + 1, number - 1))
        return number

    def ram(
        self, m: Module, name: str, write: Value, address: Value, word: Value, reads: Value
    ) -> Signal:
        """A memory that is read at once; returns the word that it ``reads``."""
        ram = memory.Memory(shape=unsigned(len(word)), depth=self.words, init=[])
        m.submodules[name] = ram
        port, reader = ram.write_port(), ram.read_port(domain="comb")
        m.d.comb += [port.addr.eq(address), port.data.eq(word), port.en.eq(write)]
        m.d.comb += reader.addr.eq(reads)
        return reader.data
