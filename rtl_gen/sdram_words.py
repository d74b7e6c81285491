"""Words from an SDRAM, which is filled, checked, and then read for ever."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value, unsigned
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.sdram import Agenda, Burst, identity_of
from fq_hw.schedule.units.sdram_words import SdramUnit
from rtl_gen.array.single_port import LANE
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter
from rtl_gen.delay import delay
from rtl_gen.rom_stream import pack_words
from rtl_gen.sdram.check import checker, with_check
from rtl_gen.sdram.pins import pins
from rtl_gen.sdram.ring import Ring
from rtl_gen.sdram.slots import SlotController
from rtl_gen.streams import memory_style, passed_on

__all__ = ["SdramWords"]


def somehow(place: int, width: int) -> int:
    """A word that is not that of another place, where a trunk will be."""
    return place * 0x9E3779B1 >> 7 & 2**width - 1


class SdramWords(UnitComponent, unit=SdramUnit):
    """Words of an SDRAM, frame after frame; nothing before they were found right.

    Members     o: Out(stream of u<width>)
                i_fill: In(stream of 16 bits): ``filling``, after every reset, whatever the target
                ready: Out(1): all that was filled in has been read back, and its check is right
                bad: Out(1): its check was wrong, and no word of a new filling has come since
                i_trunk: In, o_trunk: Out(streams of u<width>), where it keeps an array's trunk
                sdram_*: Out, In: the pins, ``rtl_gen.sdram.pins``
    Order       word 0 first; word depth - 1 is followed by word 0
    Latency     unit.latency() from ``ready``
    Throughput  slots.share of all cycles, unless it is waited for; a burst begins in its slot only
    Path        from a register into one, at most four LUTs
    Resources   one FIFO in block RAM, which carries the filling too; with a trunk two more, and a
                ROM of what comes next
    Errors      ``bad``, and ``ready`` that never comes: i_fill must go on until one of them is 1
    """

    FILLED = True

    @classmethod
    def filling(cls, unit: SdramUnit, contents: np.ndarray) -> list[int]:
        found = pack_words(contents)
        found += [somehow(n, unit.width) for n in range(len(found), unit.checked)]
        words = with_check(found, unit.width, identity_of(contents))
        return [word >> at & 2**LANE - 1 for word in words for at in range(0, unit.width, LANE)]

    @classmethod
    def off_chip(cls, unit: SdramUnit) -> Mapping[str, wiring.Member]:
        return {**pins(unit.slots), "ready": Out(1), "bad": Out(1)}

    @property
    def more(self) -> Mapping[str, wiring.Member]:
        return {**self.off_chip(self.unit), "i_fill": In(stream.Signature(LANE))}

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        clients = ("words",) if unit.agenda is None else ("words", "read", "write")
        m.submodules.slots = memory = SlotController(unit.slots, clients, told=len(clients) > 1)
        again = Signal()  # a new filling
        ring = Ring(places=unit.places, width=unit.width)
        m.submodules.ring = ResetInserter(again)(ring)
        m.d.comb += passed_on(memory, self, pins(unit.slots))

        filling, running = Signal(), Signal()
        last, latest, done = self.walk(m, memory, running)
        issue = memory.issue[0]
        word, whole, lacking = self.fill(m, ring, filling, again, memory.begun[0] & ~last, last)
        taken, checked = Signal(), Signal()
        right = self.judge(m, ring, filling, running, checked)
        m.d.comb += [
            ring.i.valid.eq(Mux(filling, whole, memory.arrived[0])),
            ring.i.payload.eq(Mux(filling, word, memory.read)),
            ring.o.ready.eq(Mux(filling, issue, Mux(running, self.o.ready, checked))),
            memory.word[0].eq(ring.o.payload),
            memory.write[0].eq(filling),
            self.o.valid.eq(ring.o.valid & running),
            self.o.payload.as_value().eq(ring.o.payload),
            taken.eq(~filling & ring.o.valid & ring.o.ready),
        ]
        room = self.count(m, ~filling & issue & ~memory.drop[0], taken)
        if unit.agenda is not None:
            self.keep(m, memory, running, unit.agenda)
        with m.FSM(init="STORED" if self.target.stored else "FILL"):
            if self.target.stored:
                with m.State("STORED"), m.If(memory.group):
                    m.d.comb += memory.restart.eq(1)
                    m.next = "RUN"
            with m.State("FILL"):
                m.d.comb += [filling.eq(1), memory.ask[0].eq(~lacking & ~latest)]
                with m.If(done):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += memory.ask[0].eq(room & ~latest)
                with m.If(done):
                    m.next = "DRAIN"
            with m.State("DRAIN"), m.If(memory.group):  # all are in the ring soon after
                m.next = "JUDGE"
            with m.State("JUDGE"), m.If(memory.group & ~ring.o.valid):
                m.d.comb += memory.restart.eq(1)
                m.d.sync += self.bad.eq(~right)
                with m.If(right):
                    m.next = "RUN"
                with m.Else():
                    m.d.comb += again.eq(1)
                    m.next = "FILL"
            with m.State("RUN"):
                m.d.comb += [running.eq(1), self.ready.eq(1), memory.ask[0].eq(room)]
        return m

    def keep(self, m: Module, slots: SlotController, running: Signal, agenda: Agenda) -> None:
        """A trunk beside the words: whose slot is next, from where, and whether it may be.

        What comes next is known long before a slot ends: a slot takes more cycles than looking.
        """
        unit = self.unit
        m.submodules.agenda = codes = memory.Memory(
            shape=unsigned(2), depth=len(agenda.bursts), init=agenda.bursts,
            attrs=memory_style(len(agenda.bursts), 2),
        )  # fmt: skip
        port, step, seen = codes.read_port(), Signal(), Signal()
        at = counter(len(agenda.bursts), "at")
        code = port.data
        m.d.comb += port.addr.eq(at)
        again = seen & running & (code == Burst.AGAIN)
        m.d.comb += step.eq(running & slots.begun.any() | again)
        m.d.sync += seen.eq(~step)
        with m.If(step):
            m.d.sync += at.eq(Mux(at == len(agenda.bursts) - 1, 0, at + 1))
        kinds = Burst.WORDS, Burst.READ, Burst.WRITE
        mine = Cat(code == kind for kind in kinds) & (seen & running).replicate(len(kinds))
        m.d.comb += slots.turn.eq(Mux(running, mine, 1))

        came, gone = (
            Ring(places=unit.places, width=unit.width),
            Ring(places=unit.places, width=unit.width),
        )
        m.submodules.came, m.submodules.gone = came, gone
        for n in (Burst.READ, Burst.WRITE):
            block = counter(agenda.blocks, f"block_{n}")
            m.d.comb += slots.block[n].eq(unit.trunk.start + block)
            with m.If(again):
                m.d.sync += block.eq(0)
            with m.Elif(slots.begun[n]):
                m.d.sync += block.eq(block + 1)
        m.d.comb += [
            came.i.valid.eq(slots.arrived[Burst.READ]),
            came.i.payload.eq(slots.read),
            self.o_trunk.valid.eq(came.o.valid),
            self.o_trunk.payload.as_value().eq(came.o.payload),
            came.o.ready.eq(self.o_trunk.ready),
        ]
        taken = came.o.valid & came.o.ready
        m.d.comb += slots.ask[Burst.READ].eq(
            self.count(m, slots.issue[Burst.READ], taken, "read_level")
        )
        waiting = Signal(range(unit.places + 1))  # words in the ring that are to be written
        given, out = self.i_trunk.valid & self.i_trunk.ready, slots.issue[Burst.WRITE]
        with m.If(given ^ out):
            m.d.sync += waiting.eq(waiting + Mux(given, 1, -1))
        burst = (unit.slots.burst - 1).bit_length()
        m.d.comb += [
            self.i_trunk.ready.eq(~waiting[-1]),
            gone.i.valid.eq(given),
            gone.i.payload.eq(self.i_trunk.payload.as_value()),
            slots.ask[Burst.WRITE].eq(waiting[burst:].any()),
            slots.write[Burst.WRITE].eq(1),
            slots.word[Burst.WRITE].eq(gone.o.payload),
            gone.o.ready.eq(out),
        ]

    def count(self, m: Module, more: Value, fewer: Value, name: str = "level") -> Value:
        """Whether there is room for a burst, beside the words in the ring and on the way to it.

        Counted from where the highest bit says that there is none.
        """
        room = self.unit.places - self.unit.slots.burst
        half = 1 << room.bit_length()
        level = Signal(range(2 * half), init=half - 1 - room, name=name)
        with m.If(more ^ fewer):
            m.d.sync += level.eq(level + Mux(more, 1, -1))
        return ~level[-1]

    def judge(
        self, m: Module, ring: Ring, filling: Signal, running: Signal, checked: Signal
    ) -> Value:
        """Every byte that is read back goes to the check; whether it is right, after the last."""
        lanes = self.unit.width // 8
        check, lane = checker(identity_of(self.contents)), counter(lanes, "lane")
        m.submodules.check = ResetInserter(filling)(check)
        m.d.comb += [
            check.data.eq(ring.o.payload.word_select(lane, 8)),
            check.valid.eq(ring.o.valid & ~running),
            checked.eq(lane == lanes - 1),
        ]
        with m.If(filling):
            m.d.sync += lane.eq(0)
        with m.Elif(check.valid):
            m.d.sync += lane.eq(lane + 1)
        return check.match_detected

    def tail(self, words: int) -> int:
        """How many of ``words`` are in the last burst."""
        return (words - 1) % self.unit.slots.burst + 1

    def walk(
        self, m: Module, memory: SlotController, running: Signal
    ) -> tuple[Value, Signal, Signal]:
        """From burst to burst: whether the next is the last, this one is, its last word moves."""
        unit, burst = self.unit, self.unit.slots.burst
        block = counter(unit.blocks, "block")
        latest, over, last, done = Signal(), Signal(), Signal(), Signal()
        end, tail = (
            Mux(running, of(unit.depth), of(unit.stored))
            for of in (lambda words: (words - 1) // burst, lambda words: self.tail(words) - 1)
        )
        m.d.sync += last.eq(block == end)  # a slot is long enough for that
        m.d.comb += [
            memory.block[0].eq(block),
            memory.drop[0].eq(over),
            done.eq(memory.issue[0] & latest & ~over & (memory.column == tail)),
        ]
        with m.If(memory.begun[0]):
            m.d.sync += [block.eq(Mux(last, 0, block + 1)), latest.eq(last), over.eq(0)]
        with m.If(done):
            m.d.sync += [over.eq(1), latest.eq(0)]
        return last, latest, done

    def fill(
        self, m: Module, ring: Ring, filling: Signal, again: Signal, go_on: Value, last: Signal
    ) -> tuple[Value, Value, Signal]:
        """A word of i_fill's pieces, whether it is whole, whether the next burst lacks some.

        A burst is in the ring before it is written, and no word behind the last is taken.
        """
        unit, lacking = self.unit, Signal(init=1)
        place = ring.came[: (unit.slots.burst - 1).bit_length()]
        m.d.comb += self.i_fill.ready.eq(filling & lacking)
        word, whole = self.i_fill.payload, self.i_fill.valid & self.i_fill.ready
        if unit.width > LANE:
            low, second = Signal(LANE), Signal()
            with m.If(whole):
                m.d.sync += [low.eq(self.i_fill.payload), second.eq(~second)]
            word, whole = Cat(low, self.i_fill.payload), whole & second
        end = Mux(last, self.tail(unit.stored) - 1, unit.slots.burst - 1)
        with m.If(self.i_fill.valid & self.i_fill.ready):
            m.d.sync += self.bad.eq(0)
        with m.If(whole & (place == end)):
            m.d.sync += lacking.eq(0)
        with m.If(again | delay(m, go_on, 2, "go_on")):  # ``last`` is that of the next burst
            m.d.sync += lacking.eq(1)
        return word, whole, lacking
