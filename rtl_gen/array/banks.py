"""Activation banks: one for each column of the array, read at one address."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.memories import Memory
from fq_hw.schedule.units import ArrayUnit
from rtl_gen.delay import delay

__all__ = ["ADDRESSES", "Banks", "write_layout"]

ADDRESSES = ("addr_first", "addr", "addr_last")  # what is read beside a group is in an end's bank


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
    """``columns`` memories of ``depth`` words with one write and one read port, or halves of such.

    Members     addr_first, addr, addr_last: In(of the first bank, those between, the last)
                o: Out(a word per column), unit.reads cycles after its address
                write: In(write_layout), done a cycle later
                on: In(1), cycles that count, where what leaves may wait
                enter: In(write_layout), of whole words, to the half of what comes in; alone: In(1),
                a pass reads from there: both where there are halves
    Order       as Region has it
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
                **{name: In((array.depth - 1).bit_length()) for name in ADDRESSES},
                "o": Out(data.ArrayLayout(word, array.columns)),
                "write": In(write_layout(unit)),
                **({} if unit.leaves is None else {"on": In(1)}),
                **({"enter": In(write_layout(unit)), "alone": In(1)} if unit.apart else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        ways = [(self.write, "bank")]
        if self.unit.apart:
            ways.append((self.enter, "entry"))
        halves = []
        for (way, name), made in zip(ways, self.unit.bank_memories, strict=True):
            halves.append(self.memories(m, way, name, made))
        for bank, words in enumerate(zip(*halves, strict=True)):
            word = words[0]
            if self.unit.apart:
                # It changes while nothing is read; a copy for each bank, to be near.
                alone = Signal(name=f"alone_{bank}", attrs={"keep": "true"})
                m.d.sync += alone.eq(self.alone)
                word = Mux(alone, words[1], word)
            m.d.comb += self.o[bank].eq(word)
        return m

    def memories(self, m: Module, way: data.View, name: str, made: Memory) -> list[Value]:
        """A memory for each bank that is written by one ``way``; returns the words read."""
        array, found = self.unit.array, []
        given = Signal.like(way)
        m.d.sync += given.eq(way)
        part = made.part or made.width
        lanes = given.lanes if made.part else given.lanes[:1]
        ends = {0: self.addr_first, array.columns - 1: self.addr_last}
        for bank in range(array.columns):
            ram = memory.Memory(
                shape=unsigned(made.width),
                depth=made.depth,
                init=[],
                attrs={"ram_style": "block"},
            )
            m.submodules[f"{name}_{bank}"] = ram
            read, write = ram.read_port(), ram.write_port(granularity=part)
            on = None if self.unit.leaves is None else self.on
            if on is not None:
                m.d.comb += read.en.eq(on)
            word = delay(
                m, read.data, self.unit.reads - 1, f"word_{name}_{bank}", reset_less=True, on=on
            )
            m.d.comb += [
                read.addr.eq(ends.get(bank, self.addr)),
                write.addr.eq(given.addr),
                write.data.eq(given.word),
                write.en.eq(lanes & given.banks[bank].replicate(len(lanes))),
            ]
            found.append(word)
        return found
