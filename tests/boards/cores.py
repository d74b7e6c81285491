"""Small cores with the accelerator's ports, and what they must answer."""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Array, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from boards.link import Result
from boards.protocol import Info
from fq_hw.data.meaning import Meaning
from fq_hw.schedule.units import ResultKind


class SumCore(wiring.Component):
    """Score 0 is the sum of colour 0, score 1 minus that of the last colour, score 2 is -3.

    ``pause`` cycles pass after each pixel; ``extra`` 16-bit words of memory are spent for nothing.
    """

    def __init__(self, pixels: int, colours: int, *, pause: int = 0, extra: int = 0):
        self.pixels = pixels
        self.colours = colours
        self.pause = pause
        self.extra = extra
        beat = data.StructLayout({"data": signed(18), "kind": 2, "last": 1})
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(unsigned(8), colours))),
                "o": Out(stream.Signature(beat)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self.pixels + 1), init=self.pixels)
        wait = Signal(range(self.pause + 2))
        scores = [Signal(signed(18), name=f"score_{n}") for n in range(3)]
        beat = Signal(2)
        first, last = self.i.payload[0], self.i.payload[self.colours - 1]
        m.d.comb += [
            self.i.ready.eq((wait == 0) & (left != 0)),
            self.o.valid.eq(left == 0),
            self.o.p.data.eq(Array([*scores, scores[1] > scores[0]])[beat]),
            self.o.p.kind.eq(Mux(beat == 3, ResultKind.LABEL, ResultKind.SCORE)),
            self.o.p.last.eq(beat == 3),
            scores[2].eq(-3),
        ]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [left.eq(left - 1), wait.eq(self.pause)]
            m.d.sync += [scores[0].eq(scores[0] + first), scores[1].eq(scores[1] - last)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(beat + 1)
        with m.If(self.o.valid & self.o.ready & self.o.p.last):
            m.d.sync += [left.eq(self.pixels), scores[0].eq(0), scores[1].eq(0)]
        if self.extra:
            m.submodules.ram = ram = memory.Memory(shape=16, depth=self.extra, init=[])
            write, read = ram.write_port(), ram.read_port()
            m.d.comb += [write.addr.eq(scores[0]), write.data.eq(scores[1]), write.en.eq(1)]
            m.d.comb += [read.addr.eq(scores[1]), scores[2].eq(read.data)]
        return m


def sum_info(pixels: int, colours: int) -> Info:
    """What a board with a SumCore says of it."""
    return Info(pixels=pixels, colours=colours, classes=3, best=1, label_bytes=1, score_bytes=3)


def answer(frame: bytes, colours: int) -> Result:
    """What SumCore says of ``frame``."""
    first, last = sum(frame[::colours]), -sum(frame[colours - 1 :: colours])
    return Result((first, last, -3), (int(last > first),))


@dataclass
class SumNetwork:
    """What a host knows of a SumCore."""

    image: tuple[int, int, int]
    name: str = "sums"
    classes: tuple[str, ...] = ("first", "last", "none")
    meaning: Meaning | None = None

    def pictures(self, count: int, seed: int = 1) -> list[np.ndarray]:
        dice = np.random.default_rng(seed)
        return [dice.integers(0, 256, self.image, np.uint8) for _ in range(count)]

    def right(self, frame: np.ndarray, scores: tuple[int, ...]) -> bool:
        return scores == answer(frame.tobytes(), self.image[2]).scores
