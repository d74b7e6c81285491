"""Pixels between a line and an accelerator, chunk by chunk: each is whole before it is played."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import require

__all__ = ["ChunkBuffer"]


class ChunkBuffer(wiring.Component):
    """Room for two chunks of ``chunk`` pixels: one is written byte by byte, the other is played.

    Members     start: In(1), the next byte is the first of a chunk, and ``full`` is low
                i: In(stream of u8, always ready)
                play: In(1), the chunk is whole: emit it
                give_up: In(1), high for one cycle: no more chunks come of the frame whose last one
                was not played; emit anything until it is over
                full: Out(1), the chunk before the last one played is still being emitted
                room: Out(1), a chunk may start
                busy: Out(1), pixels of a frame are still to be emitted
                giving_up: Out(1), what is emitted, or will be, is not the frame
                o: Out(stream of u8 x colours), one beat per pixel
    Frames      the next one may start before the last one is emitted, if ``several``
    Order       rows, then columns, colour fastest, colour 0 in lane 0; every chunk but a frame's
                last has ``chunk`` pixels
    Latency     three cycles from play to o.valid
    Throughput  one beat per cycle
    Resources   block RAM for 2 * chunk pixels
    Errors      none
    """

    def __init__(self, pixels: int, colours: int, chunk: int, several: bool = False):
        require(pixels > 0, "ChunkBuffer", "pixels must be positive", pixels)
        require(0 < colours < 256, "ChunkBuffer", "colours must be 1 to 255", colours)
        power = chunk > 0 and chunk & (chunk - 1) == 0
        require(power, "ChunkBuffer", "chunk must be a power of two", chunk)
        self.pixels, self.colours, self.chunk, self.several = pixels, colours, chunk, several
        pixel = data.ArrayLayout(unsigned(8), colours)
        super().__init__(
            {
                "start": In(1),
                "i": In(stream.Signature(8, always_ready=True)),
                "play": In(1),
                "give_up": In(1),
                "full": Out(1),
                "room": Out(1),
                "busy": Out(1),
                "giving_up": Out(1),
                "o": Out(stream.Signature(pixel)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = 8 * self.colours
        m.submodules.ram = ram = memory.Memory(shape=unsigned(bits), depth=2 * self.chunk, init=[])
        write, read = ram.write_port(), ram.read_port()
        place = range(max(self.chunk, 2))

        # Written a cycle late: the RAM may lie far from where the bytes come from.
        word = Signal(bits)  # the last bytes, the oldest lowest
        filled = Signal()  # they are a pixel
        lane = Signal(range(max(self.colours, 2)))
        whole = lane == self.colours - 1
        at, side = Signal(place), Signal()  # the half that is written
        m.d.comb += [
            write.addr.eq(self.address(at, side)),
            write.data.eq(word),
            write.en.eq(filled),
        ]
        m.d.sync += filled.eq(self.i.valid & whole)
        with m.If(self.i.valid):
            m.d.sync += [word.eq(Cat(word[8:], self.i.payload)), lane.eq(Mux(whole, 0, lane + 1))]
        with m.If(filled):
            m.d.sync += at.eq(at + 1)
        with m.If(self.start):
            m.d.sync += [lane.eq(0), at.eq(0)]

        behind, ends = divmod(self.pixels - 1, self.chunk)  # chunks behind the first, last pixel
        number = Signal(range(max(behind + 1, 2)))  # of the frame's chunks
        next_at, played = Signal(place), Signal()  # in the half that is emitted
        chunks = Signal(range(3))  # whole ones that are not emitted
        advance = ~self.o.valid | self.o.ready
        emptied, frame_end = Signal(), Signal()
        making_up = self.giving_up & ~self.whole_frames(m, behind, frame_end)
        there = (chunks != 0) | making_up
        last = number == behind
        chunk_end = next_at == Mux(last, ends, self.chunk - 1)
        m.d.comb += [
            read.addr.eq(self.address(next_at, played)),
            read.en.eq(advance),
            self.o.payload.as_value().eq(read.data),
            emptied.eq(advance & there & chunk_end),
            frame_end.eq(emptied & last),
            self.full.eq(chunks != 0),
            self.room.eq((chunks != 2) & ~self.giving_up),
            self.busy.eq((chunks != 0) | (number != 0) | (next_at != 0) | self.giving_up),
        ]
        m.d.sync += chunks.eq(chunks + self.play - (emptied & (chunks != 0)))
        m.d.sync += [side.eq(side ^ self.play), played.eq(played ^ emptied)]
        with m.If(advance):
            m.d.sync += self.o.valid.eq(there)
        with m.If(advance & there):
            m.d.sync += next_at.eq(next_at + 1)
        with m.If(emptied):
            m.d.sync += [next_at.eq(0), number.eq(Mux(last, 0, number + 1))]
        with m.If(self.give_up):
            m.d.sync += self.giving_up.eq(1)
        with m.If(making_up & frame_end):
            m.d.sync += [self.giving_up.eq(0), side.eq(0), played.eq(0), chunks.eq(0)]
        return m

    def whole_frames(self, m: Module, behind: int, frame_end: Signal) -> Value:
        """Whether frames that were played to their end are still here; ``behind`` as above."""
        if not self.several:
            return Const(0)
        written, frames = Signal(range(max(behind + 1, 2))), Signal(range(3))
        whole = self.play & (written == behind)
        m.d.sync += frames.eq(frames + whole - (frame_end & (frames != 0)))
        with m.If(self.play):
            m.d.sync += written.eq(Mux(whole, 0, written + 1))
        with m.If(self.giving_up & (frames == 0) & frame_end):
            m.d.sync += written.eq(0)
        return frames != 0

    def address(self, at: Signal, side: Signal):
        """Of a pixel of a chunk in one half."""
        return Cat(at, side) if self.chunk > 1 else side
