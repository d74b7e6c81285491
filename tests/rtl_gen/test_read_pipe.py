"""The read pipe on a memory: a word per cycle, two cycles late."""

import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import connect, flipped

from rtl_gen.read_pipe import ReadPipe
from sim import pysim
from sim.stalls import GRID
from sim.vectors import Vectors

WORDS = (9, 4, 15, 2, 7)


class Reader(wiring.Component):
    """A pipe and its memory."""

    def __init__(self):
        self.pipe = ReadPipe(depth=len(WORDS), width=4)
        members = self.pipe.signature.members
        super().__init__({"i": members["i"], "o": members["o"]})

    def elaborate(self, platform):
        m = Module()
        m.submodules.pipe = self.pipe
        m.submodules.memory = words = memory.Memory(shape=unsigned(4), depth=len(WORDS), init=WORDS)
        connect(m, self.pipe.port, words.read_port())
        connect(m, flipped(self.i), self.pipe.i)
        connect(m, self.pipe.o, flipped(self.o))
        return m


ORDER = tuple(7 * n % 5 for n in range(20))
VECTORS = Vectors(i={"i": ORDER}, o={"o": tuple(WORDS[address] for address in ORDER)})


@pytest.mark.parametrize("pauses", GRID, ids="-".join)
def test_reads_words(pauses):
    pysim.replay(Reader(), VECTORS, pauses)


def test_latency_and_interval():
    assert pysim.replay(Reader(), VECTORS) == {"i": list(range(20)), "o": list(range(2, 22))}
